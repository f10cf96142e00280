/* SPDX-License-Identifier: Apache-2.0 */
/* Writing without allocation. */
#include "runtime/actor/dump_out.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* a map counts twice */

void out_flush(struct dump_out *o)
{
	size_t done = 0;
	while (done < o->n) {
		ssize_t n = write(o->fd, o->buffer + done, o->n - done);
		if (n <= 0)
			break; /* nobody to tell */
		done += (size_t)n;
	}
	o->n = 0;
}

void out_bytes(struct dump_out *o, const char *p, size_t n)
{
	while (n > 0) {
		if (o->n == sizeof o->buffer)
			out_flush(o);
		size_t some = sizeof o->buffer - o->n < n ? sizeof o->buffer - o->n : n;
		memcpy(o->buffer + o->n, p, some);
		o->n += some;
		p += some;
		n -= some;
	}
}

void out_f(struct dump_out *o, const char *fmt, ...)
{
	char line[512];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (n > 0)
		out_bytes(o, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void out_pid(struct dump_out *o, tr_pid pid)
{
	out_f(o, "<%u.%u.%u>", (unsigned)(pid.bits >> (64 - TR_PID_NODE_BITS)),
	      (unsigned)(pid.bits & ((1u << TR_PID_SLOT_BITS) - 1)),
	      (unsigned)(pid.bits >> TR_PID_SLOT_BITS & UINT32_MAX));
}

/* ---- values -------------------------------------------------------------------------------------------------------
 */

struct shower {
	struct dump_out *o;
	size_t left;
};

static void show(struct shower *s, tr_value v, unsigned depth);

static void put(struct shower *s, const char *p, size_t n)
{
	if (n > s->left)
		n = s->left;
	s->left -= n;
	out_bytes(s->o, p, n);
}

/* A name, such as the key of a map. */
static void show_text(struct shower *s, tr_str text)
{
	put(s, "\"", 1);
	for (size_t i = 0; i < text.n && s->left > 0; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char escaped[5];
		if (c >= 32 && c != 127 && c != '"' && c != '\\')
			put(s, &text.p[i], 1);
		else
			put(s, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", c));
	}
	put(s, "\"", 1);
}

/* What a message carries may be secret, and nothing here knows: of data only the type is told. Numbers that stand in
 * the message itself are the protocol's (ids, attempts), those further in may be anything. */
static void show_small(struct shower *s, tr_value v, unsigned depth)
{
	char text[64];
	int n = 0;
	switch ((tr_type)v.type) {
	case TR_NIL:
		n = snprintf(text, sizeof text, "nil");
		break;
	case TR_BOOL:
		n = snprintf(text, sizeof text, "%s", v.as.b ? "true" : "false");
		break;
	case TR_INT:
		n = depth > 1 ? snprintf(text, sizeof text, "#Int")
			      : snprintf(text, sizeof text, "%lld", (long long)v.as.i);
		break;
	case TR_FLOAT:
		n = depth > 1 ? snprintf(text, sizeof text, "#Float") : snprintf(text, sizeof text, "%.17g", v.as.d);
		break;
	case TR_REF:
		n = snprintf(text, sizeof text, "#Ref<%llu>", (unsigned long long)v.as.bits);
		break;
	case TR_OBJECT:
		n = snprintf(text, sizeof text, "#Object");
		break;
	case TR_STRING:
		n = snprintf(text, sizeof text, "#String<%zu bytes>", tr_as_str(v).n);
		break;
	case TR_BINARY:
		n = snprintf(text, sizeof text, "#Binary<%zu bytes>", tr_as_str(v).n);
		break;
	case TR_INVALID:
	default:
		n = snprintf(text, sizeof text, "#Invalid<%u, %u>", v.type, v.aux);
		break;
	}
	put(s, text, n > 0 ? (size_t)n : 0);
}

static void show_array(struct shower *s, tr_value v, unsigned depth)
{
	put(s, "[", 1);
	for (size_t i = 0; i < tr_array_len(v) && s->left > 0; i++) {
		put(s, ", ", i > 0 ? 2 : 0);
		show(s, tr_array_at(v, i), depth + 1);
	}
	put(s, "]", 1);
}

static void show_map(struct shower *s, tr_value v, unsigned depth)
{
	const tr_entry *entries = tr_map_entries(v);
	put(s, "{", 1);
	for (size_t i = 0; i < tr_map_len(v) && s->left > 0; i++) {
		put(s, ", ", i > 0 ? 2 : 0);
		if (tr_is(entries[i].key, TR_STRING))
			show_text(s, tr_as_str(entries[i].key));
		else
			show(s, entries[i].key, depth + 2);
		put(s, ": ", 2);
		show(s, entries[i].value, depth + 2);
	}
	put(s, "}", 1);
}

static void show(struct shower *s, tr_value v, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		put(s, "…", sizeof "…" - 1);
	} else if (tr_is(v, TR_ATOM)) {
		put(s, tr_as_str(v).p, tr_as_str(v).n);
	} else if (tr_is(v, TR_PID)) {
		out_pid(s->o, tr_as_pid(v));
	} else if (tr_is(v, TR_ARRAY)) {
		show_array(s, v, depth);
	} else if (tr_is(v, TR_MAP)) {
		show_map(s, v, depth);
	} else {
		show_small(s, v, depth);
	}
}

void out_name(struct dump_out *o, tr_str name, size_t budget)
{
	struct shower s = {o, budget};
	show_text(&s, name);
}

void out_value(struct dump_out *o, tr_value v, size_t budget)
{
	struct shower s = {o, budget};
	show(&s, v, 0);
	if (s.left == 0)
		out_f(o, "…");
}
