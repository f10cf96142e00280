/* SPDX-License-Identifier: Apache-2.0 */
/* A handler: the tool kind `words` counts the words of a text. Its own hook refuses, before anything runs, tasks that
 * it could not perform. */
#include <ctype.h>
#include <string.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"words\", \"version\": \"1.0.0\","
		   "\"description\": \"Counts the words of a text\", \"license\": \"Apache-2.0\","
		   "\"capabilities\": [\"tool:words\"], \"provides\": {\"node_handler\": \"words\"},"
		   "\"hooks\": [{\"type\": \"before\", \"point\": \"validate_step\"}],"
		   "\"config\": {\"most\": {\"type\": \"int\", \"default\": 10000000, \"min\": 1,"
		   "                      \"description\": \"bytes of a text at most\"}},"
		   "\"limits\": {\"time\": 60, \"concurrency\": 16}}");

/* The next word of the text, in small letters; false at its end. */
static bool next_word(tr_str text, size_t *at, char *word, size_t size)
{
	size_t n = 0;

	while (*at < text.n && !isalnum((unsigned char)text.p[*at]) && (text.p[*at] & 0x80) == 0)
		(*at)++;
	for (; *at < text.n && (isalnum((unsigned char)text.p[*at]) || (text.p[*at] & 0x80) != 0); (*at)++)
		if (n + 1 < size)
			word[n++] = (char)tolower((unsigned char)text.p[*at]);
	word[n] = '\0';
	return n > 0;
}

/* `run`: each command is an actor of its own, so many texts are counted at once. */
static tr_value words_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_str text = tr_as_str(tr_command_input(command, "text"));
	tr_value counts = tr_map();
	char word[64];
	int64_t total = 0;

	(void)plugin;
	if (!tr_is(tr_command_input(command, "text"), TR_STRING))
		return tr_outcome_error("input", false, "words needs `text`, and it must be text");
	if ((int64_t)text.n > tr_as_int(tr_map_get_s(config, "most"), 0))
		return tr_outcome_error("input", false, "the text has %zu bytes, over the setting `most`", text.n);
	for (size_t at = 0; next_word(text, &at, word, sizeof(word)); total++) {
		counts = tr_map_put(counts, tr_string_lossy(word, strlen(word)),
				    tr_int(tr_as_int(tr_map_get_s(counts, word), 0) + 1));
		tr_reduce(1); /* a long loop lets others have their turn */
	}
	return tr_outcome_ok(
	    TR_DICT("total", tr_int(total), "different", tr_int((int64_t)tr_map_len(counts)), "counts", counts));
}

/* validate_step: the step's tasks, as they are written, templates unrendered. */
static tr_value words_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	tr_value tasks = tr_map_get_s(context, "tasks"), faults = tr_map_get_s(context, "faults");

	(void)state, (void)point, (void)next, (void)chain, (void)reason;
	faults = tr_is(faults, TR_ARRAY) ? tr_keep(faults) : tr_array();
	for (size_t i = 0; i < tr_array_len(tasks); i++) {
		tr_value task = tr_array_at(tasks, i), text = TR_GET(task, "config", "text");
		if (!tr_str_is(tr_as_str(tr_map_get_s(task, "kind")), "words") || tr_is(text, TR_STRING))
			continue;
		faults = tr_array_push(
		    faults, TR_DICT("message",
				    tr_stringf("task %s of kind words %s", tr_as_cstr(tr_map_get_s(task, "label"), "?"),
					       tr_is_valid(text) ? "has a `text` that is no text" : "needs `text`"),
				    "line", tr_keep(tr_map_get_s(task, "line")), "hint",
				    tr_string("such as text: \"{{ fetch.body }}\"")));
	}
	return tr_map_put_s(tr_keep(context), "faults", faults);
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .run = words_run, .hook = words_hook};
