/* SPDX-License-Identifier: Apache-2.0 */
/** What tasks of all kinds that run SQL may say besides their SQL. */
#ifndef TROUPE_PLUGINS_SHARED_SQL_TASK_H
#define TROUPE_PLUGINS_SHARED_SQL_TASK_H

#include <troupe/plugin.h>

/** When the task is to be over: its `timeout` or the plugin's setting (seconds), and never later than the command's. */
int64_t sql_deadline(tr_value config, tr_value input, tr_value command);
/** Bytes of rows that it may have: `max_bytes` of the task or of the settings. */
size_t sql_max_bytes(tr_value config, tr_value input);
/** Absent, or an outcome when `params` is neither a list nor a mapping. */
tr_value sql_params_fault(tr_value params, const char *kind);

#endif
