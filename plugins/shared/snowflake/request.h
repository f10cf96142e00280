/* SPDX-License-Identifier: Apache-2.0 */
/** What is handed in to the SQL REST interface. */
#ifndef TROUPE_PLUGINS_SHARED_SNOWFLAKE_REQUEST_H
#define TROUPE_PLUGINS_SHARED_SNOWFLAKE_REQUEST_H

#include "plugins/shared/snowflake/wire.h"

/** One statement with its parameters (a list for $n and ?, a map for :name, or neither), where the target says. Fresh;
 * invalid with a text in *why. */
tr_value snow_request(const snow_wire *w, tr_value statement, tr_value params, tr_value *why);
/** So many statements in one text, which share a session. Takes the text; fresh. */
tr_value snow_request_script(const snow_wire *w, tr_value script, size_t count);

#endif
