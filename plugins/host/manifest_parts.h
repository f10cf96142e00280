/* SPDX-License-Identifier: Apache-2.0 */
/** The parts of a manifest that are lists and mappings. Only for manifest.c. */
#ifndef TROUPE_PLUGINS_HOST_MANIFEST_PARTS_H
#define TROUPE_PLUGINS_HOST_MANIFEST_PARTS_H

#include "plugins/host/config.h"
#include "plugins/host/manifest.h"

/* Each gives a fresh value and adds what is wrong to `out`. */
tr_value manifest_capabilities(tr_value source, fault_list *out);
tr_value manifest_provides(tr_value source, fault_list *out);
tr_value manifest_depends_on(tr_value source, fault_list *out);
tr_value manifest_needs(tr_value source, fault_list *out);
void manifest_hooks(manifest *m, fault_list *out);

/** A plugin's id or a tool kind? */
bool manifest_name_valid(tr_value v);
/** Keys of `map` that are not among `known`. */
void manifest_check_keys(tr_value map, const char *prefix, const char *const *known, fault_list *out);

#endif
