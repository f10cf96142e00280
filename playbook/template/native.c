/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up filters and tests. Each name is looked up once when a template is compiled, and once a `map`. */
#include <string.h>

#include "playbook/template/native.h"

static const struct native *find(const struct native *const *tables, tr_str name)
{
	for (; *tables != NULL; tables++)
		for (const struct native *n = *tables; n->name != NULL; n++)
			if (tr_str_is(name, n->name))
				return n;
	return NULL;
}

const struct native *filter_find(tr_str name)
{
	return find(filter_tables, name);
}
const struct native *test_find(tr_str name)
{
	return find(test_tables, name);
}

/* The next name in the list; false at its end. */
static bool next_param(const char **at, tr_str *name)
{
	while (**at == ' ')
		(*at)++;
	name->p = *at;
	name->n = strcspn(*at, " ");
	*at += name->n;
	return name->n > 0;
}

size_t params_count(const char *params)
{
	size_t n = 0;
	tr_str name;

	while (next_param(&params, &name))
		n++;
	return n;
}

size_t params_index(const char *params, tr_str want)
{
	size_t n = 0;
	tr_str name;

	for (; next_param(&params, &name); n++)
		if (tr_str_eq(name, want))
			return n;
	return n;
}
