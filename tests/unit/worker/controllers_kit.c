/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in controllers, for tests of the data plane. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "controllers_kit.h"
#include "plugins/controller/iterator/iterator.h"
#include "plugins/controller/result/result.h"
#include "plugins/controller/workbook/workbook.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/node.h>

tr_child_spec controllers_child(tr_node *node, builtin room[CONTROLLERS_ROOM], const builtin *other)
{
	static const builtin own[] = {{iterator_manifest, &iterator_plugin, true},
				      {result_manifest, &result_plugin, true},
				      {workbook_manifest, &workbook_plugin, true}};
	size_t n = sizeof own / sizeof own[0];
	memcpy(room, own, sizeof own);
	if (other != NULL)
		room[n++] = *other;
	const plugin_host_options options = {.builtins = room,
					     .builtin_count = n,
					     .prefer = TR_DICT("controller:iterator", tr_string("other"),
							       "controller:result", tr_string("other"),
							       "controller:workbook", tr_string("other"))};
	tr_child_spec child;
	assert_int_equal(plugin_host_child(node, &options, &child), TR_OK);
	tr_drop(options.prefer);
	return child;
}

static tr_node *kept_node;
static builtin kept_room[CONTROLLERS_ROOM];

static void stop_node(void)
{
	tr_node_stop(&kept_node);
}

static void start_node(void)
{
	tr_node_options options = {.name = "controllers", .schedulers = 1};
	kept_node = tr_node_start(&options, NULL);
	assert_non_null(kept_node);
	assert_int_equal(atexit(stop_node), 0);
	tr_child_spec child = controllers_child(kept_node, kept_room, NULL);
	tr_supervisor_spec top = {.strategy = TR_ONE_FOR_ONE, .intensity = 3, .children = &child, .child_count = 1};
	assert_true(tr_node_supervisor(kept_node, &top).pid.bits != 0);
}

tr_value controllers_table(void)
{
	if (kept_node == NULL)
		start_node();
	tr_value table = pure_table_new(kept_node, NULL, 0);
	assert_non_null(pure_table_of(table));
	return table;
}
