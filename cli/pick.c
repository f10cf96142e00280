/* SPDX-License-Identifier: Apache-2.0 */
/* Finding an execution by what a person types. */
#include "cli/pick.h"

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int pick_init(pick_options *o, const char *name)
{
	*o = (pick_options){0};
	return layout_default(o->data) == TR_OK ? EXIT_OK : usage_error(name, "the data folder's name is too long");
}

int pick_data(layout_path data, const char *name, const char *argument)
{
	if (*argument == '\0' || strlen(argument) >= sizeof(layout_path))
		return usage_error(name, "--data: the folder's name is %s", *argument == '\0' ? "empty" : "too long");
	(void)snprintf(data, sizeof(layout_path), "%s", argument);
	return EXIT_OK;
}

int pick_take(pick_options *o, const char *name, int c, const char *argument)
{
	if (c == 'j') {
		o->json = true;
		return EXIT_OK;
	}
	return c == 'd' ? pick_data(o->data, name, argument) : -1;
}

struct match {
	int64_t id, other;
	size_t count;
};

/* A whole id wins over ids that it is a part of. */
static struct match find(const index_table *t, const char *text)
{
	struct match m = {0};
	size_t n = strlen(text);
	for (size_t i = 0; i < t->count; i++) {
		char id[24];
		size_t length = (size_t)snprintf(id, sizeof id, "%" PRId64, t->entries[i].id);
		if (length == n && memcmp(id, text, n) == 0)
			return (struct match){t->entries[i].id, 0, 1};
		if (length > n && (memcmp(id, text, n) == 0 || memcmp(id + length - n, text, n) == 0)) {
			m.other = m.id;
			m.id = t->entries[i].id;
			m.count++;
		}
	}
	return m;
}

/* The newest that somebody started; children of executions come and go with their parents. */
static int64_t newest(const index_table *t)
{
	for (size_t i = t->count; i-- > 0;)
		if (!tr_is(t->entries[i].parent, TR_MAP))
			return t->entries[i].id;
	return t->entries[t->count - 1].id;
}

static bool choose(const char *name, const char *data, const char *text, const index_table *t, int64_t *id)
{
	char shown[64], option[PATH_MAX];
	bool last = strcmp(text, "last") == 0 || strcmp(text, "latest") == 0;
	if (last && t->count == 0) {
		fprintf(stderr, "troupe %s: there is no execution in %s\n", name, data);
		return false;
	}
	if (last) {
		*id = newest(t);
		return true;
	}
	struct match m = *text == '\0' ? (struct match){0} : find(t, text);
	*id = m.id;
	if (m.count == 1)
		return true;
	(void)escape_into(shown, sizeof shown, tr_s(text));
	if (m.count > 1)
		fprintf(stderr, "troupe %s: '%s' is a part of %zu ids, such as %" PRId64 " and %" PRId64 "\n", name,
			shown, m.count, m.other, m.id);
	else
		fprintf(stderr, "troupe %s: there is no execution '%s' in %s; 'troupe executions%s' lists them\n", name,
			shown, data, data_folder_option(option, sizeof option, data));
	return false;
}

static bool names_one(const char *text)
{
	return strcmp(text, "last") == 0 || strcmp(text, "latest") == 0 || strspn(text, "0123456789") == strlen(text);
}

int pick_failed(const char *text)
{
	return names_one(text) ? EXIT_FAILED : EXIT_INVALID;
}

bool pick_execution(const char *name, const char *data, const char *text, int64_t *id)
{
	if (!names_one(text)) {
		(void)usage_error(name, "'%s' is no execution (an id, a part of one, or 'last')", text);
		return false;
	}
	if (!data_folder_there(name, data))
		return false;
	index_table t = {0};
	tr_buf notes = {0};
	tr_err err = index_load(&t, data, false, &notes);
	bool good = err == TR_OK && choose(name, data, text, &t, id);
	if (err != TR_OK)
		fprintf(stderr, "troupe %s: %s: %s\n", name, data, tr_err_text(err));
	tr_buf_fini(&notes);
	index_fini(&t);
	return good;
}
