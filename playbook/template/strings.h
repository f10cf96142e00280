/* SPDX-License-Identifier: Apache-2.0 */
/* What Python's str does, on text values; filters and methods share these. All borrow, and give fresh references that
 * keep the mark of Markup where Python does. */
#ifndef TROUPE_TEMPLATE_STRINGS_H
#define TROUPE_TEMPLATE_STRINGS_H

#include "playbook/template/eval.h"
#include "playbook/template/unicode.h"

/* v as text: itself when it is a string, else its str(). Fresh. */
tr_value text_soft(struct eval *ev, tr_value v);
/* A result that is Markup when `like` is. */
tr_value text_like(struct eval *ev, tr_value like, tr_str s);
tr_value text_take_like(struct eval *ev, tr_value like, tr_buf *b);

tr_value text_case(struct eval *ev, tr_value s, enum uni_case to);
tr_value text_capitalize(struct eval *ev, tr_value s);
tr_value text_title(struct eval *ev, tr_value s);
tr_value text_swapcase(struct eval *ev, tr_value s);
/* side: -1 pads right (ljust), 1 left (rjust), 0 both (center). */
tr_value text_pad(struct eval *ev, tr_value s, int64_t width, tr_str fill, int side);
/* chars absent or None: white space. */
tr_value text_trim(struct eval *ev, tr_value s, tr_value chars, bool left, bool right);
/* count < 0: all */
tr_value text_replace(struct eval *ev, tr_value s, tr_str old, tr_str new, int64_t count);
/* sep absent or None: runs of white space; limit < 0: none. */
tr_value text_split(struct eval *ev, tr_value s, tr_value sep, int64_t limit);
tr_value text_rsplit(struct eval *ev, tr_value s, tr_value sep, int64_t limit);
tr_value text_lines(struct eval *ev, tr_value s, bool keep_ends);
tr_value text_join(struct eval *ev, tr_value sep, tr_value items, bool strict);
/* Byte offset of needle in s, or -1. */
ptrdiff_t text_find(tr_str s, tr_str needle, bool last);
bool text_is_upper(tr_str s);
bool text_is_lower(tr_str s);

/* A method: its parameters as in struct native; self may be any value of its type. */
struct method {
	const char *name;
	const char *params;
	unsigned required;
	tr_value (*fn)(struct eval *ev, tr_value self, const tr_value *argv);
	tr_value (*var)(struct eval *ev, tr_value self, const struct args *args);
};
/* Find (binary search) and call; with ev NULL only find. */
tr_value method_call(struct eval *ev, tr_value self, const struct method *table, size_t n, tr_str name,
		     const struct args *args, bool *found);

#endif
