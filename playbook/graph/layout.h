/* SPDX-License-Identifier: Apache-2.0 */
/** Places for the steps of a drawing: layers from the top, back arcs left out, crossings reduced by averages. */
#ifndef TROUPE_PLAYBOOK_GRAPH_LAYOUT_H
#define TROUPE_PLAYBOOK_GRAPH_LAYOUT_H

#include "playbook/model/model.h"

typedef struct layout_node {
	uint32_t layer;
	uint32_t order; /* in the layer */
	double rank;    /* while ordering */
} layout_node;

typedef struct layout {
	layout_node *nodes; /* a step each */
	uint32_t *sizes;    /* steps a layer */
	uint32_t *by_layer; /* step indices, layer by layer, in order */
	uint32_t layers, widest;
} layout;

/** False: out of memory. */
bool layout_init(layout *l, const playbook *p);
void layout_fini(layout *l);

#endif
