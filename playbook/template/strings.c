/* SPDX-License-Identifier: Apache-2.0 */
/* Case, padding, trimming, replacing, joining. */
#include <string.h>

#include "playbook/template/strings.h"

tr_value text_soft(struct eval *ev, tr_value v)
{
	v = ev_resolve(ev, v);
	if (!tr_is_valid(v))
		return tr_invalid(TR_ETYPE);
	return ev_str(ev, v);
}

tr_value text_like(struct eval *ev, tr_value like, tr_str s)
{
	tr_value v = ev_text(ev, s);

	return is_markup(like) ? py_markup(v) : v;
}

tr_value text_take_like(struct eval *ev, tr_value like, tr_buf *b)
{
	tr_value v = ev_take_text(ev, b);

	return is_markup(like) ? py_markup(v) : v;
}

/* Greek sigma at the end of a word has a form of its own. */
static bool final_sigma(tr_str s, size_t at, size_t width)
{
	bool before = false;
	size_t n;

	for (size_t i = 0; i < at; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if (!uni_is_case_ignorable(c))
			before = uni_is_cased(c);
	}
	for (size_t i = at + width; before && i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if (!uni_is_case_ignorable(c))
			return !uni_is_cased(c);
	}
	return before;
}

static void put_case(tr_buf *out, tr_str s, size_t at, enum uni_case to, size_t *width)
{
	uint32_t as[3], c = uni_next(s.p + at, width);

	if (c == 0x3a3 && to == UNI_LOWER) {
		uni_put(out, final_sigma(s, at, *width) ? 0x3c2 : 0x3c3);
		return;
	}
	size_t n = uni_convert(c, to, as);
	for (size_t i = 0; i < n; i++)
		uni_put(out, as[i]);
}

static tr_value ascii_case(struct eval *ev, tr_value v, bool upper)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	char first = upper ? 'a' : 'A', few[128];

	if (s.n <= sizeof(few)) {
		for (size_t i = 0; i < s.n; i++)
			few[i] = (char)((unsigned char)(s.p[i] - first) < 26 ? s.p[i] ^ 32 : s.p[i]);
		return text_like(ev, v, (tr_str){few, s.n});
	}
	char *p = tr_buf_reserve(&out, s.n + 1);

	if (p != NULL) {
		for (size_t i = 0; i < s.n; i++)
			p[i] = (char)((unsigned char)(s.p[i] - first) < 26 ? s.p[i] ^ 32 : s.p[i]);
		out.n += s.n;
	}
	return text_take_like(ev, v, &out);
}

tr_value text_case(struct eval *ev, tr_value v, enum uni_case to)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	size_t n;

	if (uni_is_ascii(s))
		return ascii_case(ev, v, to == UNI_UPPER);
	for (size_t i = 0; i < s.n; i += n)
		put_case(&out, s, i, to, &n);
	return text_take_like(ev, v, &out);
}

tr_value text_capitalize(struct eval *ev, tr_value v)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	size_t n;

	for (size_t i = 0; i < s.n; i += n)
		put_case(&out, s, i, i == 0 ? UNI_TITLE : UNI_LOWER, &n);
	return text_take_like(ev, v, &out);
}

tr_value text_title(struct eval *ev, tr_value v)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	bool inside = false;
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		put_case(&out, s, i, inside ? UNI_LOWER : UNI_TITLE, &n);
		inside = uni_is_cased(uni_next(s.p + i, &n));
	}
	return text_take_like(ev, v, &out);
}

tr_value text_swapcase(struct eval *ev, tr_value v)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if (uni_is_upper(c))
			put_case(&out, s, i, UNI_LOWER, &n);
		else if (uni_is_lower(c))
			put_case(&out, s, i, UNI_UPPER, &n);
		else
			uni_put(&out, c);
	}
	return text_take_like(ev, v, &out);
}

tr_value text_pad(struct eval *ev, tr_value v, int64_t width, tr_str fill, int side)
{
	tr_str s = tr_as_str(v);
	size_t n = uni_count(s), pad, left;
	tr_buf out = {.max = ev->memory};

	if (width <= (int64_t)n)
		return tr_keep(v);
	pad = (size_t)width - n;
	if (pad > ev->memory || !ev_spend(ev, pad / 16))
		return ev_fail(ev, TR_ELIMIT, "the text is larger than the limit");
	/* Python puts the odd blank on the left when the width is odd too. */
	left = side == 0 ? pad / 2 + (pad & (size_t)width & 1) : side > 0 ? pad : 0;
	for (size_t i = 0; i < left; i++)
		tr_buf_put(&out, fill.p, fill.n);
	tr_buf_put(&out, s.p, s.n);
	for (size_t i = left; i < pad; i++)
		tr_buf_put(&out, fill.p, fill.n);
	return text_take_like(ev, v, &out);
}

static bool in_chars(tr_str chars, const char *p, size_t n)
{
	return memmem(chars.p, chars.n, p, n) != NULL;
}

tr_value text_trim(struct eval *ev, tr_value v, tr_value chars, bool left, bool right)
{
	tr_str s = tr_as_str(v), set = tr_as_str(chars);

	if (!is_given(chars) || is_none(chars))
		return text_like(ev, v, uni_strip(s, left, right));
	if (!is_text(chars))
		return ev_fail(ev, TR_ETYPE, "the characters to strip must be text or none");
	if (is_markup(v) && !is_markup(chars)) {
		/* Markup escapes whatever it is given, these too. */
		tr_value safe = ev_escape(ev, chars);
		tr_value out = tr_is_valid(safe) ? text_trim(ev, v, safe, left, right) : safe;
		if (tr_is_valid(safe))
			tr_drop(safe);
		return out;
	}
	while (left && s.n > 0 && in_chars(set, s.p, uni_width(s.p[0]))) {
		size_t n = uni_width(s.p[0]);
		s.p += n;
		s.n -= n;
	}
	while (right && s.n > 0) {
		size_t back = 1;
		while (back < s.n && (s.p[s.n - back] & 0xc0) == 0x80)
			back++;
		if (!in_chars(set, s.p + s.n - back, back))
			break;
		s.n -= back;
	}
	return text_like(ev, v, s);
}

/* An empty pattern stands before every character and at the end. */
static void replace_empty(tr_buf *out, tr_str s, tr_str new, int64_t count)
{
	size_t i = 0;

	for (; i < s.n; i += uni_width(s.p[i])) {
		if (count != 0) {
			tr_buf_put(out, new.p, new.n);
			count--;
		}
		tr_buf_put(out, s.p + i, uni_width(s.p[i]));
	}
	if (count != 0)
		tr_buf_put(out, new.p, new.n);
}

tr_value text_replace(struct eval *ev, tr_value v, tr_str old, tr_str new, int64_t count)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};

	if (old.n == 0) {
		replace_empty(&out, s, new, count);
		return text_take_like(ev, v, &out);
	}
	while (count != 0) {
		const char *hit = s.n >= old.n ? memmem(s.p, s.n, old.p, old.n) : NULL;
		if (hit == NULL)
			break;
		size_t before = (size_t)(hit - s.p);
		tr_buf_put(&out, s.p, before);
		tr_buf_put(&out, new.p, new.n);
		s.p += before + old.n;
		s.n -= before + old.n;
		count--;
	}
	tr_buf_put(&out, s.p, s.n);
	return text_take_like(ev, v, &out);
}

tr_value text_join(struct eval *ev, tr_value sep, tr_value items, bool strict)
{
	tr_str s = tr_as_str(sep);
	tr_buf out = {.max = ev->memory};
	size_t n = tr_array_len(items);

	if (!ev_spend(ev, n))
		return tr_invalid(TR_ELIMIT);
	const tr_value *all = tr_array_items(items);
	for (size_t i = 0; i < n; i++) {
		tr_value item = all[i];
		if (i > 0)
			buf_put(&out, s.p, s.n);
		if (strict && !is_text(item)) {
			tr_buf_fini(&out);
			return ev_fail(ev, TR_ETYPE, "item %zu is '%s', but only text can be joined", i,
				       ev_type_name(item));
		}
		if (!ev_put_str(ev, &out, item)) {
			tr_buf_fini(&out);
			return tr_invalid(ev->error->err);
		}
	}
	return ev_take_text(ev, &out);
}

ptrdiff_t text_find(tr_str s, tr_str needle, bool last)
{
	const char *hit;

	if (needle.n > s.n)
		return -1;
	if (needle.n == 0)
		return last ? (ptrdiff_t)s.n : 0;
	if (!last) {
		hit = memmem(s.p, s.n, needle.p, needle.n);
		return hit != NULL ? hit - s.p : -1;
	}
	for (size_t i = s.n - needle.n + 1; i > 0; i--)
		if (memcmp(s.p + i - 1, needle.p, needle.n) == 0)
			return (ptrdiff_t)(i - 1);
	return -1;
}

static bool is_case(tr_str s, bool upper)
{
	bool cased = false;
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if (uni_is_title(c) || (upper ? uni_is_lower(c) : uni_is_upper(c)))
			return false;
		cased = cased || (upper ? uni_is_upper(c) : uni_is_lower(c));
	}
	return cased;
}

bool text_is_upper(tr_str s)
{
	return is_case(s, true);
}
bool text_is_lower(tr_str s)
{
	return is_case(s, false);
}

tr_value method_call(struct eval *ev, tr_value self, const struct method *table, size_t n, tr_str name,
		     const struct args *args, bool *found)
{
	tr_value argv[MAX_PARAMS];
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strncmp(name.p, table[mid].name, name.n);
		if (c == 0 && table[mid].name[name.n] != '\0')
			c = -1;
		if (c > 0) {
			lo = mid + 1;
		} else if (c < 0) {
			hi = mid;
		} else {
			const struct method *m = &table[mid];
			*found = true;
			if (ev == NULL)
				return tr_absent();
			if (m->var != NULL)
				return m->var(ev, self, args);
			if (!ev_bind(ev, m->name, m->params, m->required, args, argv))
				return tr_invalid(TR_ETYPE);
			return m->fn(ev, self, argv);
		}
	}
	*found = false;
	return tr_absent();
}
