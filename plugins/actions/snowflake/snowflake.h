/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind snowflake: SQL in Snowflake over its SQL REST interface. docs/playbook.md, section 10. */
#ifndef TROUPE_PLUGINS_ACTIONS_SNOWFLAKE_H
#define TROUPE_PLUGINS_ACTIONS_SNOWFLAKE_H

#include <troupe/plugin.h>

extern const char snowflake_manifest[];
extern const tr_plugin snowflake_plugin;

#endif
