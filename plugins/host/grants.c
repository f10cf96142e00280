/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of grants. */
#include "plugins/host/grants.h"
#include <string.h>

static const char *const kinds[] = {"net", "exec", "fs", "secret", "call", NULL};

static tr_str kind_of(tr_str grant)
{
	const char *colon = grant.n == 0 ? NULL : memchr(grant.p, ':', grant.n);

	return (tr_str){grant.p, colon == NULL ? grant.n : (size_t)(colon - grant.p)};
}

static tr_str rest_of(tr_str grant)
{
	size_t n = kind_of(grant).n;

	return n == grant.n ? (tr_str){"", 0} : (tr_str){grant.p + n + 1, grant.n - n - 1};
}

/* A path that says where it is: absolute, without "." and ".." and doubled slashes. */
static bool path_plain(tr_str path)
{
	if (path.n == 0 || path.p[0] != '/' || memchr(path.p, '\0', path.n) != NULL)
		return false;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		tr_str rest = {path.p + i + 1, path.n - i - 1};
		const char *slash = rest.n == 0 ? NULL : memchr(rest.p, '/', rest.n);
		tr_str part = {rest.p, slash == NULL ? rest.n : (size_t)(slash - rest.p)};
		if ((part.n == 0 && slash != NULL) || tr_str_is(part, ".") || tr_str_is(part, ".."))
			return false;
	}
	return true;
}

bool grant_valid(tr_str grant)
{
	tr_str kind = kind_of(grant), rest = rest_of(grant);
	bool known = false;

	if (tr_str_is(grant, "*"))
		return true;
	for (size_t i = 0; kinds[i] != NULL; i++)
		known = known || tr_str_is(kind, kinds[i]);
	if (!known)
		return false;
	if (tr_str_is(kind, "net"))
		return kind.n == grant.n || rest.n > 0;
	if (tr_str_is(kind, "exec"))
		return kind.n == grant.n;
	if (tr_str_is(kind, "fs"))
		return tr_str_is(rest, "*") || path_plain(rest);
	return rest.n > 0;
}

static bool path_below(tr_str folder, tr_str path)
{
	while (folder.n > 1 && folder.p[folder.n - 1] == '/')
		folder.n--;
	if (!path_plain(path) || path.n < folder.n || memcmp(path.p, folder.p, folder.n) != 0)
		return false;
	return path.n == folder.n || folder.n == 1 || path.p[folder.n] == '/';
}

bool grant_covers(tr_str held, tr_str wanted)
{
	tr_str kind = kind_of(held), have = rest_of(held), want = rest_of(wanted);

	if (tr_str_is(held, "*") || tr_str_eq(held, wanted))
		return true;
	if (!tr_str_eq(kind, kind_of(wanted)))
		return false;
	if (tr_str_is(have, "*"))
		return true;
	if (tr_str_is(kind, "net"))
		return kind.n == held.n &&
		       !tr_str_is(want, "link-local"); /* every host, but not the machine's own network */
	return tr_str_is(kind, "fs") && path_below(have, want);
}

bool grants_cover(tr_value list, tr_str wanted)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (grant_covers(tr_as_str(tr_array_at(list, i)), wanted))
			return true;
	return false;
}

tr_value grants_effective(tr_value needs, tr_value granted)
{
	tr_value out = tr_array();

	for (size_t i = 0; i < tr_array_len(needs); i++) {
		tr_value need = tr_array_at(needs, i);
		if (grants_cover(granted, tr_as_str(need))) {
			out = tr_array_push(out, tr_keep(need));
			continue;
		}
		for (size_t k = 0; k < tr_array_len(granted); k++) {
			tr_value narrower = tr_array_at(granted, k);
			if (grant_covers(tr_as_str(need), tr_as_str(narrower)))
				out = tr_array_push(out, tr_keep(narrower));
		}
	}
	return out;
}

tr_value grants_missing(tr_value needs, tr_value granted)
{
	tr_value out = tr_array();

	for (size_t i = 0; i < tr_array_len(needs); i++)
		if (!grants_cover(granted, tr_as_str(tr_array_at(needs, i))))
			out = tr_array_push(out, tr_keep(tr_array_at(needs, i)));
	return out;
}
