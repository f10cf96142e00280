/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholder of the names check. */
#include "playbook/model/loader.h"

void check_names_collect(loader *l, const yaml_node *root)
{
	(void)l;
	(void)root;
}

void check_names(loader *l, const pb_expr *e, const where *w)
{
	(void)l;
	(void)e;
	(void)w;
}
