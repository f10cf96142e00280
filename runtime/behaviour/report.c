/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of behaviours and supervisors. */
#include "runtime/behaviour/report.h"

static struct report_port *port_here(void)
{
	tr_node *node = tr_here();

	return node != NULL ? tr_node_get(node, TR_SLOT_LOGGER) : NULL;
}

bool report_wanted(tr_level level)
{
	struct report_port *port = port_here();

	return port != NULL && port->wanted(port, level);
}

void report_send(tr_level level, tr_value report)
{
	struct report_port *port = port_here();

	if (port != NULL && port->wanted(port, level))
		port->post(port, level, report);
	else
		tr_drop(report);
}
