/* SPDX-License-Identifier: Apache-2.0 */
/** In which order plugins are initialised: each behind what it depends on. Pure functions. */
#ifndef TROUPE_PLUGINS_HOST_ORDER_H
#define TROUPE_PLUGINS_HOST_ORDER_H

#include "plugins/host/manifest.h"

/**
 * Sort `want` so that each stands behind those it depends on (else in the given order). `have` are loaded already. What
 * cannot be ordered is taken out: refused[i] (fresh text, else absent) says why want[i] (by its old place) was: a
 * missing or too old dependency, a cycle (all of its members are named), or a dependency that was itself refused.
 * `order` gets the old places; returns how many.
 */
size_t plugin_order(const manifest *const *want, size_t n, const manifest *const *have, size_t have_count,
		    size_t *order, tr_value *refused);

#endif
