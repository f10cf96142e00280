/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of many items: found where the item before had them, given without a reference where that can be. */
#include <string.h>

#include "playbook/template/attribute.h"
#include "playbook/template/strings.h"

static bool is_number_text(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 19;
}

static tr_value attribute_key(tr_str s)
{
	int64_t n = 0;

	if (!is_number_text(s))
		return tr_string_n(s.p, s.n);
	for (size_t i = 0; i < s.n; i++)
		n = n * 10 + (s.p[i] - '0');
	return tr_int(n);
}

/* "a.b.0": a key for each part. */
static bool parse_path(struct eval *ev, tr_str s, struct attribute *out)
{
	size_t n = 1;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '.';
	tr_value *keys = tr_alloc(n * sizeof(*keys));
	if (keys == NULL) {
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	out->keys = keys;
	for (size_t start = 0, i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.')
			continue;
		tr_value key = attribute_key((tr_str){s.p + start, i - start});
		if (!tr_is_valid(key)) {
			ev_invalid(ev, key);
			attribute_free(out);
			return false;
		}
		keys[out->n++] = key;
		start = i + 1;
	}
	return true;
}

bool attribute_parse(struct eval *ev, tr_value attribute, bool ignore_case, struct attribute *out)
{
	tr_str s = tr_as_str(attribute);

	out->n = 0;
	out->keys = &out->one;
	out->hint = 0;
	out->seen = NULL;
	out->plain = false;
	out->ignore_case = ignore_case;
	if (ignore_case)
		memset(out->memo, 0, sizeof(out->memo));
	if (!is_given(attribute) || is_none(attribute))
		return true;
	if (is_text(attribute) && s.n > 0 && memchr(s.p, '.', s.n) != NULL)
		return parse_path(ev, s, out);
	if (is_text(attribute) && (is_number_text(s) || !tr_is(attribute, TR_STRING)))
		out->one = attribute_key(s);
	else
		out->one = py_plain(tr_keep(attribute));
	if (!tr_is_valid(out->one)) {
		ev_invalid(ev, out->one);
		return false;
	}
	out->n = 1;
	out->plain = tr_is(out->one, TR_STRING);
	return true;
}

void attribute_free(struct attribute *a)
{
	for (size_t i = 0; i < a->n; i++)
		tr_drop(a->keys[i]);
	for (size_t i = 0; a->ignore_case && i < sizeof(a->memo) / sizeof(a->memo[0]); i++) {
		tr_drop(a->memo[i].text);
		tr_drop(a->memo[i].low);
	}
	if (a->keys != &a->one)
		tr_free(a->keys);
	a->keys = NULL;
	a->n = 0;
	a->ignore_case = false;
}

static bool needs_lowering(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] & 0x80) != 0)
			return true;
	return false;
}

tr_value attribute_lowered(struct eval *ev, struct attribute *a, tr_value text)
{
	tr_str s = tr_as_str(text);
	size_t at;

	if (!needs_lowering(s))
		return tr_keep(text);
	at = (s.n * 31 + (unsigned char)s.p[0] * 7u + (unsigned char)s.p[s.n / 2] * 13u +
	      (unsigned char)s.p[s.n - 1] * 3u) %
	     (sizeof(a->memo) / sizeof(a->memo[0]));
	if (!tr_is(a->memo[at].text, TR_STRING) || !tr_str_eq(tr_as_str(a->memo[at].text), s)) {
		tr_value low = text_case(ev, text, UNI_LOWER);
		if (!tr_is_valid(low))
			return low;
		tr_assign(&a->memo[at].text, tr_keep(text));
		tr_assign(&a->memo[at].low, low);
	}
	return tr_keep(a->memo[at].low);
}

tr_value attribute_search(struct attribute *a, tr_value map)
{
	tr_value got = view_near(map, a->keys[0], &a->hint);

	if (tr_is_valid(got))
		a->seen = tr_map_entries(map)[a->hint].key.as.box;
	return got;
}

/* One after the other, where they are not all keys of plain mappings. */
static tr_value walk(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise, tr_value *held)
{
	tr_value v = item, got;

	for (size_t i = 0; i < a->n; i++) {
		uint32_t far = UINT32_MAX;
		got = tr_absent();
		if (tr_is(v, TR_MAP) && ev->changed.n == 0 && tr_is(a->keys[i], TR_STRING))
			got = view_near(v, a->keys[i], i == 0 ? &a->hint : &far);
		if (tr_is_valid(got)) {
			v = got; /* borrowed from what v was borrowed from */
			continue;
		}
		got = ev_item(ev, v, a->keys[i]);
		if (is_undefined(got) && is_given(otherwise) && !is_none(otherwise))
			got = tr_keep(otherwise);
		tr_assign(held, got);
		if (!tr_is_valid(got))
			return got;
		v = got;
	}
	return v;
}

tr_value attribute_borrow(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise, tr_value *held)
{
	tr_value v = attribute_peek(ev, a, item);

	*held = tr_absent();
	if (!tr_is_valid(v))
		v = walk(ev, a, item, otherwise, held);
	if (!a->ignore_case || !is_text(v))
		return v;
	tr_value low = attribute_lowered(ev, a, v);
	tr_assign(held, low);
	return low;
}

tr_value attribute_get(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise)
{
	tr_value held, v = tr_keep(attribute_borrow(ev, a, item, otherwise, &held));

	tr_drop(held);
	return v;
}
