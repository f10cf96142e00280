/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A plugin's settings: the schema of its manifest, and the operator's settings checked against it.
 *
 * A schema is a map key -> { type, default, required, description, enum, min, max }. Types: "string", "int", "number",
 * "bool", "list", "map", "any". Pure functions.
 */
#ifndef TROUPE_PLUGINS_HOST_CONFIG_H
#define TROUPE_PLUGINS_HOST_CONFIG_H

#include "plugins/host/fault.h"

/** Check a schema as found in a manifest under `config`. */
void config_schema_check(tr_value schema, fault_list *out);
/** The operator's settings (borrowed; absent or nil: none) over the defaults. Faults name the key's path behind `path`.
 * Fresh map. */
tr_value config_apply(tr_value schema, tr_value settings, const char *path, fault_list *out);

#endif
