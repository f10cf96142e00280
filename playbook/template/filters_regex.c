/* SPDX-License-Identifier: Apache-2.0 */
/* regex_search, regex_replace, regex_findall. */
#include <stdlib.h>
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/regex.h"

static bool regex_flags(struct eval *ev, tr_value ignore_case, tr_value multi_line, unsigned *out)
{
	bool ignore, multi;

	if (!flag(ev, ignore_case, &ignore) || !flag(ev, multi_line, &multi))
		return false;
	*out = (ignore ? REGEX_IGNORE_CASE : 0u) | (multi ? REGEX_MULTI_LINE : 0u);
	return true;
}

static bool pattern_of(struct eval *ev, tr_value v, tr_str *out)
{
	v = ev_resolve(ev, v);
	*out = tr_as_str(v);
	if (is_text(v))
		return true;
	if (is_undefined(v))
		ev_undefined_fail(ev, v);
	else if (tr_is_valid(v))
		ev_fail(ev, TR_ETYPE, "a regular expression must be text, not '%s'", ev_type_name(v));
	return false;
}

/* The group that "\\1", "\\g<2>" or "\\g<name>" names at s[*at], behind the backslash; -1: no such group. */
static int group_reference(const struct regex *r, tr_str s, size_t *at)
{
	char name[64];
	size_t n = 0, i = *at;

	if (i < s.n && s.p[i] >= '1' && s.p[i] <= '9') {
		int group = s.p[i++] - '0';
		if (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
			group = group * 10 + (s.p[i++] - '0');
		*at = i;
		return group <= (int)r->groups ? group : -1;
	}
	if (i + 1 >= s.n || s.p[i] != 'g' || s.p[i + 1] != '<')
		return -1;
	for (i += 2; i < s.n && s.p[i] != '>' && n + 1 < sizeof(name); i++)
		name[n++] = s.p[i];
	name[n] = '\0';
	if (i >= s.n || s.p[i] != '>' || n == 0)
		return -1;
	*at = i + 1;
	char *end;
	long number = strtol(name, &end, 10);
	if (*end != '\0')
		return regex_named(r, name);
	return number >= 0 && number <= (long)r->groups ? (int)number : -1;
}

/* The replacement with its groups filled in. */
static bool put_replacement(struct eval *ev, tr_buf *out, const struct regex *r, tr_str s, tr_str with)
{
	static const char from[] = "nrtabfv\\", to[] = "\n\r\t\a\b\f\v\\";
	size_t start, end;

	for (size_t i = 0; i < with.n;) {
		if (with.p[i] != '\\' || i + 1 >= with.n) {
			tr_buf_putc(out, with.p[i++]);
			continue;
		}
		i++;
		const char *known = strchr(from, with.p[i]);
		if (known != NULL) {
			tr_buf_putc(out, to[known - from]);
			i++;
			continue;
		}
		int group = group_reference(r, with, &i);
		if (group < 0) {
			ev_fail(ev, TR_EINVAL, "the replacement names a group that the expression does not have");
			return false;
		}
		if (regex_group(r, (uint32_t)group, &start, &end))
			tr_buf_put(out, s.p + start, end - start);
	}
	return true;
}

static bool replace_all(struct eval *ev, tr_buf *out, struct regex *r, tr_str s, tr_str with, int64_t count)
{
	size_t at = 0, copied = 0, start, end;
	int found = 0;

	while (at <= s.n && count != 0 && (found = regex_match(ev, r, s, at)) > 0) {
		if (!regex_group(r, 0, &start, &end))
			break;
		tr_buf_put(out, s.p + copied, start - copied);
		if (!put_replacement(ev, out, r, s, with))
			return false;
		copied = end;
		count--;
		/* Behind an empty match go on one character further. */
		at = end > start ? end : end + (end < s.n ? uni_width(s.p[end]) : 1);
	}
	if (found < 0)
		return false;
	tr_buf_put(out, s.p + copied, s.n - copied);
	return true;
}

static tr_value f_regex_replace(struct eval *ev, const tr_value *a)
{
	tr_value text = ev_str(ev, a[0]), with = is_given(a[2]) ? ev_str(ev, a[2]) : ev_text(ev, (tr_str){"", 0});
	tr_buf out = {.max = ev->memory};
	unsigned flags = 0;
	struct regex r;
	tr_str pattern;
	int64_t count = 0;
	bool ok = tr_is_valid(text) && tr_is_valid(with) && pattern_of(ev, a[1], &pattern) &&
		  regex_flags(ev, a[3], a[4], &flags) && (!is_given(a[5]) || ev_index(ev, a[5], "count", &count)) &&
		  regex_compile(ev, &r, pattern, flags);

	if (ok) {
		ok = replace_all(ev, &out, &r, tr_as_str(text), tr_as_str(with), count > 0 ? count : -1);
		regex_free(&r);
	}
	if (tr_is_valid(text))
		tr_drop(text);
	if (tr_is_valid(with))
		tr_drop(with);
	if (ok)
		return ev_take_text(ev, &out);
	tr_buf_fini(&out);
	return tr_invalid(ev->error->err);
}

/* The text of a group; None when it took no part. */
static tr_value group_text(struct eval *ev, const struct regex *r, tr_str s, uint32_t group)
{
	size_t start, end;

	if (!regex_group(r, group, &start, &end))
		return tr_nil();
	return ev_text(ev, (tr_str){s.p + start, end - start});
}

/* What a search gives: the whole match, or a list of the groups that were asked for. */
static tr_value search_result(struct eval *ev, const struct regex *r, tr_str s, const struct args *args)
{
	tr_value list;

	if (args->npos == 1)
		return group_text(ev, r, s, 0);
	list = tr_array_with(args->npos);
	for (size_t i = 1; i < args->npos && tr_is_valid(list); i++) {
		tr_str want = tr_as_str(args->pos[i]);
		size_t at = 1;
		int group = want.n > 1 && want.p[0] == '\\' ? group_reference(r, want, &at) : -1;
		if (group < 0) {
			tr_drop(list);
			return ev_fail(ev, TR_EINVAL,
				       "regex_search: ask for groups as '\\\\1' or '\\\\g<name>' that are there");
		}
		list = ev_push(ev, list, group_text(ev, r, s, (uint32_t)group));
	}
	return list;
}

static bool search_options(struct eval *ev, const struct args *args, unsigned *flags)
{
	tr_value want[2] = {tr_absent(), tr_absent()};

	for (size_t i = 0; i < args->nkw; i++) {
		tr_str name = tr_as_str(args->kwnames[i]);
		bool ignore = tr_str_is(name, "ignorecase");
		if (!ignore && !tr_str_is(name, "multiline")) {
			ev_fail(ev, TR_ETYPE, "this filter has no parameter '%.*s'", TR_STR(name));
			return false;
		}
		want[ignore ? 0 : 1] = args->kwvals[i];
	}
	return regex_flags(ev, want[0], want[1], flags);
}

static tr_value f_regex_search(struct eval *ev, tr_value value, const struct args *args)
{
	tr_value text, result = tr_invalid(TR_ETYPE);
	unsigned flags;
	struct regex r;
	tr_str pattern;

	if (args->npos == 0)
		return ev_fail(ev, TR_EINVAL, "regex_search needs a regular expression");
	if (!pattern_of(ev, args->pos[0], &pattern) || !search_options(ev, args, &flags))
		return tr_invalid(TR_ETYPE);
	text = ev_str(ev, value);
	if (!tr_is_valid(text))
		return text;
	if (regex_compile(ev, &r, pattern, flags)) {
		int found = regex_match(ev, &r, tr_as_str(text), 0);
		result = found > 0    ? search_result(ev, &r, tr_as_str(text), args)
			 : found == 0 ? tr_nil()
				      : tr_invalid(TR_ELIMIT);
		regex_free(&r);
	}
	tr_drop(text);
	return result;
}

/* One finding: the match, its only group, or a list of its groups. */
static tr_value finding(struct eval *ev, const struct regex *r, tr_str s)
{
	tr_value list;

	if (r->groups < 2)
		return group_text(ev, r, s, r->groups);
	list = tr_array_with(r->groups);
	for (uint32_t i = 1; i <= r->groups; i++)
		list = ev_push(ev, list, group_text(ev, r, s, i));
	return list;
}

static tr_value f_regex_findall(struct eval *ev, const tr_value *a)
{
	tr_value text = ev_str(ev, a[0]), list = tr_array();
	unsigned flags = 0;
	struct regex r;
	tr_str pattern, s = tr_as_str(text);
	size_t at = 0, start, end;
	int found = -1;

	if (tr_is_valid(text) && pattern_of(ev, a[1], &pattern) && regex_flags(ev, a[3], a[2], &flags) &&
	    regex_compile(ev, &r, pattern, flags)) {
		while (at <= s.n && tr_is_valid(list) && (found = regex_match(ev, &r, s, at)) > 0) {
			if (!regex_group(&r, 0, &start, &end))
				break;
			list = ev_push(ev, list, finding(ev, &r, s));
			at = end > start ? end : end + (end < s.n ? uni_width(s.p[end]) : 1);
		}
		regex_free(&r);
	}
	tr_drop(text);
	if (found >= 0 || ev->error->err == TR_OK)
		return list;
	tr_drop(list);
	return tr_invalid(ev->error->err);
}

const struct native regex_filters[] = {
    {"regex_search", "", 0, NULL, f_regex_search},
    {"regex_replace", "pattern replacement ignorecase multiline count", 1, f_regex_replace, NULL},
    {"regex_findall", "pattern multiline ignorecase", 1, f_regex_findall, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
