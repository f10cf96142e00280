/* SPDX-License-Identifier: Apache-2.0 */
/** Reading the engine's questions (docs/plugins/controllers.md). */
#ifndef TROUPE_PLUGINS_CONTROLLER_QUESTION_H
#define TROUPE_PLUGINS_CONTROLLER_QUESTION_H

#include <string.h>
#include <troupe/plugin.h>

/** Is this text at the key? */
static inline bool question_says(tr_value map, const char *key, const char *text)
{
	return tr_str_is(tr_as_str(tr_map_get_n(map, key, strlen(key))), text);
}

/** The outcome of a question that a controller does not know. */
static inline tr_value question_unknown(const char *id, tr_value question)
{
	return tr_outcome_error("input", false, "%s: there is no question \"%s\"", id,
				tr_as_cstr(tr_map_get_s(question, "ask"), ""));
}

#endif
