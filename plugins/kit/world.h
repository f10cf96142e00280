/* SPDX-License-Identifier: Apache-2.0 */
/** The inside of a test world. */
#ifndef TROUPE_PLUGINS_KIT_WORLD_H
#define TROUPE_PLUGINS_KIT_WORLD_H

#include <stdatomic.h>
#include <troupe/plugin_test.h>

struct tr_plugin_world {
	tr_node *node;
	tr_pid top;
	bool stepped;
	int64_t now; /* stepped: the clock */
	uint64_t random;
};

#define KIT_PATIENCE (60 * TR_SECOND)

#endif
