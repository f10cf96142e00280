/* SPDX-License-Identifier: Apache-2.0 */
/* The functions every template sees: range, dict, namespace, cycler, joiner, now, uuid. */
#include <string.h>
#include <time.h>

#include "playbook/template/objects.h"

static tr_value call_range(struct eval *ev, const struct args *args)
{
	int64_t v[3] = {0, 0, 1};

	if (args->nkw > 0 || args->npos == 0 || args->npos > 3)
		return ev_fail(ev, TR_ETYPE, "range takes one to three numbers");
	for (size_t i = 0; i < args->npos; i++)
		if (!ev_index(ev, args->pos[i], "an argument of range", &v[i]))
			return tr_invalid(TR_ETYPE);
	if (args->npos == 1) {
		v[1] = v[0];
		v[0] = 0;
	}
	if (v[2] == 0)
		return ev_fail(ev, TR_EINVAL, "the step of range cannot be zero");
	ev->special = true;
	tr_value r = range_new(v[0], v[1], v[2]);
	return tr_is_valid(r) ? r : ev_invalid(ev, r);
}

/* Put the pairs of `from`, a mapping or a sequence of pairs, into map (taken). */
static tr_value put_pairs(struct eval *ev, tr_value map, tr_value from)
{
	from = ev_resolve(ev, from);
	if (tr_is(from, TR_MAP)) {
		const tr_entry *entries = tr_map_entries(from);
		for (size_t i = 0; i < tr_map_len(from) && tr_is_valid(map); i++)
			map = ev_map_put(ev, map, tr_keep(entries[i].key), tr_keep(entries[i].value));
		return map;
	}
	tr_value items = ev_items(ev, from);
	for (size_t i = 0; tr_is_valid(items) && i < tr_array_len(items) && tr_is_valid(map); i++) {
		tr_value pair = ev_items(ev, tr_array_at(items, i));
		if (tr_is_valid(pair) && tr_array_len(pair) == 2) {
			map = ev_map_put(ev, map, tr_keep(tr_array_at(pair, 0)), tr_keep(tr_array_at(pair, 1)));
		} else {
			tr_drop(map);
			map = tr_is_valid(pair) ? ev_fail(ev, TR_EINVAL, "a mapping is made of pairs") : pair;
		}
		tr_drop(pair);
	}
	if (!tr_is_valid(items)) {
		tr_drop(map);
		return items;
	}
	tr_drop(items);
	return map;
}

static tr_value call_dict(struct eval *ev, const struct args *args)
{
	tr_value map = tr_map_with(args->nkw);

	if (args->npos > 1) {
		tr_drop(map);
		return ev_fail(ev, TR_ETYPE, "dict takes at most one positional argument");
	}
	if (args->npos == 1)
		map = put_pairs(ev, map, args->pos[0]);
	for (size_t i = 0; i < args->nkw && tr_is_valid(map); i++)
		map = ev_map_put(ev, map, tr_keep(args->kwnames[i]), tr_keep(args->kwvals[i]));
	return map;
}

static tr_value call_namespace(struct eval *ev, const struct args *args)
{
	tr_value ns = call_dict(ev, args);

	if (!tr_is_valid(ns))
		return ns;
	ns = namespace_new(ev, ns);
	return tr_is_valid(ns) ? ns : ev_invalid(ev, ns);
}

static tr_value call_cycler(struct eval *ev, const struct args *args)
{
	tr_value items = tr_array_with(args->npos);

	if (args->npos == 0 || args->nkw > 0) {
		tr_drop(items);
		return ev_fail(ev, TR_ETYPE, "cycler needs the values to go through");
	}
	for (size_t i = 0; i < args->npos; i++)
		items = tr_array_push(items, tr_keep(args->pos[i]));
	tr_value cycler = cycler_new(ev, items);
	return tr_is_valid(cycler) ? cycler : ev_invalid(ev, cycler);
}

static tr_value call_joiner(struct eval *ev, const struct args *args)
{
	tr_value sep[1];

	if (!ev_bind(ev, "joiner", "sep", 0, args, sep))
		return tr_invalid(TR_ETYPE);
	tr_value joiner = joiner_new(ev, is_given(sep[0]) ? tr_keep(sep[0]) : tr_string(", "));
	return tr_is_valid(joiner) ? joiner : ev_invalid(ev, joiner);
}

/* now(format=None): the time in UTC, as RFC 3339 text or by strftime. */
static tr_value call_now(struct eval *ev, const struct args *args)
{
	int64_t us = ev->options->now_us;
	struct timespec ts;
	struct tm tm;
	char text[256];
	tr_value fmt[1];

	if (!ev_bind(ev, "now", "format", 0, args, fmt))
		return tr_invalid(TR_ETYPE);
	if (us == 0) {
		clock_gettime(CLOCK_REALTIME, &ts);
		us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	}
	time_t seconds = (time_t)(us / 1000000 - (us % 1000000 < 0));
	long rest = (long)(us - (int64_t)seconds * 1000000);
	if (gmtime_r(&seconds, &tm) == NULL)
		return ev_fail(ev, TR_ERANGE, "the time is out of range");
	if (is_given(fmt[0]) && !is_none(fmt[0])) {
		tr_str f = tr_as_str(fmt[0]);
		char format[128];
		if (!is_text(fmt[0]) || f.n >= sizeof(format))
			return ev_fail(ev, TR_EINVAL, "the format of now() must be a short text");
		memcpy(format, f.p, f.n);
		format[f.n] = '\0';
/* The author's format is wanted here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		size_t n = strftime(text, sizeof(text), format, &tm);
#pragma GCC diagnostic pop
		return ev_text(ev, (tr_str){text, n});
	}
	tr_buf out = {0};
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	tr_buf_putf(&out, "%s.%06ldZ", text, rest);
	return ev_take_text(ev, &out);
}

static tr_value call_uuid(struct eval *ev, const struct args *args)
{
	uint64_t high, low;
	tr_buf out = {0};

	if (!ev_no_args(ev, "uuid", args))
		return tr_invalid(TR_ETYPE);
	high = (ev_random(ev) & ~(uint64_t)0xf000) | 0x4000;
	low = (ev_random(ev) & ~((uint64_t)3 << 62)) | (uint64_t)2 << 62;
	tr_buf_putf(&out, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
		    (unsigned)high & 0xffff, (unsigned)(low >> 48), (unsigned long long)(low & 0xffffffffffff));
	return ev_take_text(ev, &out);
}

static const struct builtin {
	const char *name;
	tr_value (*call)(struct eval *ev, const struct args *args);
} builtins[] = {
    {"range", call_range},   {"dict", call_dict}, {"namespace", call_namespace}, {"cycler", call_cycler},
    {"joiner", call_joiner}, {"now", call_now},   {"uuid", call_uuid},
};

#define NBUILTINS (sizeof(builtins) / sizeof(builtins[0]))

tr_value builtin_find(tr_str name)
{
	for (size_t i = 0; i < NBUILTINS; i++)
		if (tr_str_is(name, builtins[i].name))
			return py_builtin(i);
	return tr_absent();
}

void builtin_names(void (*each)(void *to, tr_str name), void *to)
{
	for (size_t i = 0; i < NBUILTINS; i++)
		each(to, tr_s(builtins[i].name));
}

const char *builtin_name(tr_value builtin)
{
	return builtins[builtin.as.bits].name;
}

tr_value builtin_call(struct eval *ev, tr_value builtin, const struct args *args)
{
	return builtins[builtin.as.bits].call(ev, args);
}
