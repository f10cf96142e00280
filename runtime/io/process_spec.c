/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of what to start, for the loop: the asker may be gone before it is read. */
#include <string.h>

#include "runtime/io/process.h"

static size_t list_count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static size_t list_bytes(const char *const *list)
{
	size_t bytes = 0;

	for (size_t i = 0; i < list_count(list); i++)
		bytes += strlen(list[i]) + 1;
	return bytes;
}

static char *copy_text(char **to, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = memcpy(*to, text, n);

	*to += n;
	return copy;
}

/* Pointers to *slots, texts to *text. */
static char **copy_list(char ***slots, char **text, const char *const *list)
{
	char **copy = *slots;
	size_t n = list_count(list);

	for (size_t i = 0; i < n; i++)
		copy[i] = copy_text(text, list[i]);
	copy[n] = NULL;
	*slots += n + 1;
	return copy;
}

struct process_spec *process_spec_new(const tr_port_options *o)
{
	size_t pointers = list_count(o->argv) + 1 + list_count(o->env) + 1;
	size_t texts =
	    strlen(o->file) + 1 + list_bytes(o->argv) + list_bytes(o->env) + (o->cwd != NULL ? strlen(o->cwd) + 1 : 0);
	struct process_spec *spec = tr_alloc(sizeof(*spec) + pointers * sizeof(char *) + texts);

	if (spec == NULL)
		return NULL;
	char **slots = (char **)(void *)(spec + 1);
	char *text = (char *)(slots + pointers);
	*spec = (struct process_spec){.framing = o->framing,
				      .max_frame = o->max_frame,
				      .active = o->active,
				      .stderr_to_owner = o->stderr_to_owner,
				      .new_group = o->new_group,
				      .protocol_fds = o->protocol_fds};
	spec->argv = copy_list(&slots, &text, o->argv);
	spec->env = o->env != NULL ? copy_list(&slots, &text, o->env) : NULL;
	spec->file = copy_text(&text, o->file);
	spec->cwd = o->cwd != NULL ? copy_text(&text, o->cwd) : NULL;
	return spec;
}
