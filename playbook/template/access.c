/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes, items, slices, lengths and items of values. */
#include <string.h>

#include "playbook/template/objects.h"
#include "playbook/template/unicode.h"

/* What is taken from something undefined: undefined again when that is allowed. */
static tr_value from_undefined(struct eval *ev, tr_value v)
{
	if (ev->undefined == TR_UNDEFINED_CHAINABLE)
		return ev_undefined(ev, (enum undefined_kind)(v.as.bits >> 32 & 0xffff));
	return ev_undefined_fail(ev, v);
}

static tr_value plain_attr(struct eval *ev, tr_value v, tr_str name)
{
	if (tr_is(v, TR_OBJECT)) {
		tr_value got = object_attr(ev, v, name);
		if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
			return got;
	} else if (is_group(v)) {
		if (tr_str_is(name, "grouper"))
			return tr_keep(tr_array_at(v, 0));
		if (tr_str_is(name, "list"))
			return tr_keep(tr_array_at(v, 1));
	} else if (is_number(v)) {
		if (tr_str_is(name, "real"))
			return tr_is(v, TR_FLOAT) ? v : tr_int(int_of(v));
		if (tr_str_is(name, "imag"))
			return tr_is(v, TR_FLOAT) ? tr_float(0) : tr_int(0);
		if (!tr_is(v, TR_FLOAT) && tr_str_is(name, "numerator"))
			return tr_int(int_of(v));
		if (!tr_is(v, TR_FLOAT) && tr_str_is(name, "denominator"))
			return tr_int(1);
	}
	return tr_absent();
}

/* What a value that loads itself offers beside what it has; `of` is it, `v` what it loaded. */
static tr_value offered_attr(tr_value of, tr_value v, tr_value name)
{
	const tr_lazy *lazy = tr_as_object(of, &lazy_class);

	if (lazy == NULL || lazy->attribute == NULL)
		return tr_absent();
	return lazy->attribute(lazy->arg, v, tr_as_str(name));
}

/* What such a value knows of itself without being loaded. */
static tr_value known_attr(tr_value of, tr_value name)
{
	const tr_lazy *lazy = tr_as_object(of, &lazy_class);

	return lazy != NULL && lazy->known != NULL ? lazy->known(lazy->arg, tr_as_str(name)) : tr_absent();
}

/* Is a method there when it is named but not called? In playbooks a mapping's keys are all that is looked for, so that
 * the absent key `values` is not taken for something. */
static bool shows_method(struct eval *ev, tr_value v, tr_str name)
{
	return (ev->undefined == TR_UNDEFINED_DEFAULT || !tr_is(v, TR_MAP)) && has_method(v, name);
}

tr_value ev_attr(struct eval *ev, tr_value of, tr_value name)
{
	tr_value got = known_attr(of, name);

	if (tr_is_valid(got))
		return got;
	if (is_undefined(of))
		return from_undefined(ev, of);
	tr_value v = ev_resolve(ev, of);
	if (!tr_is_valid(v))
		return tr_invalid(tr_value_err(v));
	if (tr_is(v, TR_MAP)) {
		got = tr_map_get(v, name);
		if (tr_is_valid(got))
			return tr_keep(got);
	}
	got = offered_attr(of, v, name);
	if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
		return got;
	got = plain_attr(ev, v, tr_as_str(name));
	if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
		return got;
	if (shows_method(ev, v, tr_as_str(name))) {
		return bound_new(ev, tr_keep(of), tr_keep(name));
	}
	return ev_undefined(ev, UNDEF_ATTR);
}

static bool wrap_index(int64_t i, size_t n, size_t *out)
{
	if (i < 0)
		i += (int64_t)n;
	*out = (size_t)i;
	return i >= 0 && (size_t)i < n;
}

/* The character of s with this index; absent when it is out of range. */
static tr_value text_at(struct eval *ev, tr_value v, int64_t index)
{
	tr_str s = tr_as_str(v);
	bool ascii = uni_is_ascii(s);
	size_t at;

	if (!wrap_index(index, ascii ? s.n : uni_count(s), &at))
		return tr_absent();
	at = ascii ? at : uni_offset(s, at);
	tr_value c = ev_text(ev, (tr_str){s.p + at, uni_width(s.p[at])});
	return is_markup(v) ? py_markup(c) : c;
}

static tr_value index_item(struct eval *ev, tr_value v, int64_t index)
{
	const struct range_object *range = tr_as_object(v, &range_class);
	size_t at;

	if (is_list(v) || is_tuple(v))
		return wrap_index(index, tr_array_len(v), &at) ? tr_keep(tr_array_at(v, at)) : tr_absent();
	if (is_text(v))
		return text_at(ev, v, index);
	if (tr_is(v, TR_BINARY))
		return wrap_index(index, tr_as_str(v).n, &at) ? tr_int((unsigned char)tr_as_str(v).p[at]) : tr_absent();
	if (range != NULL)
		return wrap_index(index, range->n, &at) ? tr_int(range_at(range, at)) : tr_absent();
	return tr_absent();
}

tr_value ev_item(struct eval *ev, tr_value of, tr_value key)
{
	tr_value got = is_text(key) ? known_attr(of, key) : tr_absent(), v;

	if (tr_is_valid(got))
		return got;
	if (is_undefined(of))
		return from_undefined(ev, of);
	v = ev_resolve(ev, of);
	if (!tr_is_valid(v))
		return tr_invalid(tr_value_err(v));
	if (is_undefined(key) && ev->undefined == TR_UNDEFINED_STRICT)
		return ev_undefined_fail(ev, key);
	if (tr_is(v, TR_MAP)) {
		/* A key that cannot be one is just not there. */
		tr_value k = ev_resolve(ev, key);
		if (!tr_is(k, TR_MAP) && !tr_is(k, TR_ARRAY))
			got = tr_keep(ev_map_find(ev, v, k));
		else if (is_tuple(k))
			got = tr_keep(tr_map_get(v, k));
	} else if (is_integral(key)) {
		got = index_item(ev, v, int_of(key));
	}
	if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
		return got;
	if (ev->error->err != TR_OK)
		return tr_invalid(ev->error->err);
	if (!is_text(key))
		return ev_undefined(ev, UNDEF_ATTR);
	got = offered_attr(of, v, key);
	if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
		return got;
	got = plain_attr(ev, v, tr_as_str(key));
	if (tr_is_valid(got) || tr_value_err(got) != TR_OK)
		return got;
	if (shows_method(ev, v, tr_as_str(key))) {
		return bound_new(ev, tr_keep(of), tr_keep(key));
	}
	return ev_undefined(ev, UNDEF_ATTR);
}

struct bounds {
	int64_t from, step;
	size_t n;
};

static bool slice_part(struct eval *ev, tr_value v, int64_t *out, bool *given)
{
	*given = is_given(v) && !is_none(v);
	if (!*given)
		return true;
	v = ev_resolve(ev, v);
	if (is_integral(v)) {
		*out = int_of(v);
		return true;
	}
	if (is_undefined(v))
		ev_undefined_fail(ev, v);
	else
		ev_fail(ev, TR_ETYPE, "the parts of a slice must be integers or none, not '%s'", ev_type_name(v));
	return false;
}

static int64_t clamp(int64_t i, int64_t n, int64_t low, int64_t high)
{
	if (i < 0)
		i = i < -n ? low : i + n;
	return i < low ? low : i > high ? high : i;
}

static bool slice_bounds(struct eval *ev, const tr_value parts[3], size_t length, struct bounds *out)
{
	int64_t from = 0, to = 0, step = 1, n = (int64_t)length;
	bool has_from, has_to, has_step;

	if (!slice_part(ev, parts[0], &from, &has_from) || !slice_part(ev, parts[1], &to, &has_to) ||
	    !slice_part(ev, parts[2], &step, &has_step))
		return false;
	if (step == 0) {
		ev_fail(ev, TR_EINVAL, "the step of a slice cannot be zero");
		return false;
	}
	if (step > 0) {
		from = has_from ? clamp(from, n, 0, n) : 0;
		to = has_to ? clamp(to, n, 0, n) : n;
		out->n = to > from ? (size_t)(((uint64_t)(to - from) - 1) / (uint64_t)step + 1) : 0;
	} else {
		from = has_from ? clamp(from, n, -1, n - 1) : n - 1;
		to = has_to ? clamp(to, n, -1, n - 1) : -1;
		out->n = from > to ? (size_t)(((uint64_t)(from - to) - 1) / (0 - (uint64_t)step) + 1) : 0;
	}
	out->from = from;
	out->step = step;
	return true;
}

static size_t bound_at(const struct bounds *b, size_t i)
{
	return (size_t)(b->from + (int64_t)((uint64_t)b->step * (uint64_t)i));
}

static tr_value slice_text(struct eval *ev, tr_value v, const tr_value parts[3])
{
	tr_str s = tr_as_str(v);
	bool ascii = uni_is_ascii(s);
	tr_buf out = {.max = ev->memory};
	struct bounds b;

	if (!slice_bounds(ev, parts, ascii ? s.n : uni_count(s), &b) || !ev_spend(ev, b.n / 8))
		return tr_invalid(TR_ETYPE);
	if (b.step == 1) {
		size_t from = ascii ? (size_t)b.from : uni_offset(s, (size_t)b.from);
		tr_str rest = {s.p + from, s.n - from};
		size_t n = ascii ? b.n : uni_offset(rest, b.n);
		tr_value text = ev_text(ev, (tr_str){rest.p, n});
		return is_markup(v) ? py_markup(text) : text;
	}
	if (!ascii && !ev_spend(ev, s.n))
		return tr_invalid(TR_ELIMIT);
	size_t *offsets = ascii ? NULL : tr_alloc((s.n + 1) * sizeof(*offsets));
	if (!ascii && offsets == NULL)
		return ev_fail(ev, TR_ENOMEM, "out of memory");
	for (size_t i = 0, k = 0; !ascii && i < s.n; i += uni_width(s.p[i]))
		offsets[k++] = i;
	for (size_t i = 0; i < b.n; i++) {
		size_t at = ascii ? bound_at(&b, i) : offsets[bound_at(&b, i)];
		tr_buf_put(&out, s.p + at, uni_width(s.p[at]));
	}
	tr_free(offsets);
	tr_value text = ev_take_text(ev, &out);
	return is_markup(v) ? py_markup(text) : text;
}

static tr_value slice_bytes(struct eval *ev, tr_value v, const tr_value parts[3])
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	struct bounds b;

	if (!slice_bounds(ev, parts, s.n, &b) || !ev_charge(ev, b.n))
		return tr_invalid(TR_ETYPE);
	for (size_t i = 0; i < b.n; i++)
		tr_buf_putc(&out, s.p[bound_at(&b, i)]);
	tr_value bytes = out.err == TR_OK ? tr_binary(out.n > 0 ? out.p : "", out.n) : tr_invalid(out.err);
	tr_buf_fini(&out);
	return tr_is_valid(bytes) ? bytes : ev_invalid(ev, bytes);
}

tr_value ev_slice(struct eval *ev, tr_value v, const tr_value parts[3])
{
	const struct range_object *range;
	struct bounds b;

	v = ev_resolve(ev, v);
	range = tr_as_object(v, &range_class);
	if (!tr_is_valid(v))
		return tr_invalid(TR_ETYPE);
	if (is_undefined(v))
		return from_undefined(ev, v);
	if (is_text(v))
		return slice_text(ev, v, parts);
	if (tr_is(v, TR_BINARY))
		return slice_bytes(ev, v, parts);
	if (range != NULL) {
		if (!slice_bounds(ev, parts, range->n, &b))
			return tr_invalid(TR_ETYPE);
		int64_t step = (int64_t)((uint64_t)range->step * (uint64_t)b.step);
		int64_t from = (int64_t)((uint64_t)range->start + (uint64_t)b.from * (uint64_t)range->step);
		ev->special = true;
		return range_new(from, (int64_t)((uint64_t)from + (uint64_t)b.n * (uint64_t)step), step);
	}
	if (!is_list(v) && !is_tuple(v))
		return ev_fail(ev, TR_ETYPE, "'%s' cannot be sliced", ev_type_name(v));
	if (!slice_bounds(ev, parts, tr_array_len(v), &b) || !ev_charge(ev, b.n * sizeof(tr_value)) ||
	    !ev_spend(ev, b.n))
		return tr_invalid(TR_ETYPE);
	tr_value array = tr_array_with(b.n + 1);
	for (size_t i = 0; i < b.n; i++)
		array = tr_array_push(array, tr_keep(tr_array_at(v, bound_at(&b, i))));
	return tr_is_valid(array) ? py_sequence(array, is_list(v) ? SEQ_LIST : SEQ_TUPLE) : ev_invalid(ev, array);
}

bool ev_length(struct eval *ev, tr_value v, size_t *out)
{
	v = ev_resolve(ev, v);
	const struct range_object *range = tr_as_object(v, &range_class);
	const struct loop_object *loop = tr_as_object(v, &loop_class);

	if (tr_is(v, TR_ARRAY))
		*out = tr_array_len(v);
	else if (tr_is(v, TR_MAP))
		*out = tr_map_len(v);
	else if (is_text(v))
		*out = uni_count(tr_as_str(v));
	else if (tr_is(v, TR_BINARY))
		*out = tr_as_str(v).n;
	else if (range != NULL)
		*out = range->n;
	else if (loop != NULL)
		*out = tr_array_len(loop->in.value);
	else if (is_undefined(v)) {
		*out = 0;
		return ev_undefined_use(ev, v);
	} else {
		if (tr_is_valid(v))
			ev_fail(ev, TR_ETYPE, "'%s' has no length", ev_type_name(v));
		return false;
	}
	return true;
}

tr_value ev_push(struct eval *ev, tr_value array, tr_value item)
{
	if (ev->memory < sizeof(tr_value) || !tr_is_valid(array)) {
		tr_drop(array);
		tr_drop(item);
		ev_charge(ev, sizeof(tr_value));
		return tr_invalid(TR_ELIMIT);
	}
	ev->memory -= sizeof(tr_value);
	array = tr_array_push(array, item);
	return tr_is_valid(array) ? array : ev_invalid(ev, array);
}

tr_value ev_pair(tr_value a, tr_value b)
{
	return py_tuple(tr_array_from((tr_value[]){a, b}, 2));
}

tr_value ev_view(struct eval *ev, tr_value map, enum seq_kind kind)
{
	const tr_entry *entries = tr_map_entries(map);
	size_t n = tr_map_len(map);
	tr_value array = tr_array_with(n + 1);

	ev->special = true;
	if (!ev_spend(ev, n) || !ev_charge(ev, n * (kind == SEQ_ITEMS ? 5 : 1) * sizeof(tr_value))) {
		tr_drop(array);
		return tr_invalid(TR_ELIMIT);
	}
	for (size_t i = 0; i < n; i++) {
		tr_value item = tr_keep(kind == SEQ_VALUES ? entries[i].value : entries[i].key);
		if (kind == SEQ_ITEMS)
			item = ev_pair(item, tr_keep(entries[i].value));
		array = tr_array_push(array, item);
	}
	return tr_is_valid(array) ? py_sequence(array, kind) : ev_invalid(ev, array);
}

static tr_value text_items(struct eval *ev, tr_value v)
{
	tr_str s = tr_as_str(v);
	tr_value array = tr_array_with(s.n);
	size_t n;

	if (!ev_spend(ev, s.n))
		array = tr_array_push(array, tr_invalid(TR_ELIMIT));
	for (size_t i = 0; i < s.n && tr_is_valid(array); i += n) {
		n = uni_width(s.p[i]);
		tr_value c = ev_text(ev, (tr_str){s.p + i, n});
		array = ev_push(ev, array, c); /* plain, of Markup too */
	}
	return array;
}

static tr_value counted_items(struct eval *ev, tr_value v)
{
	const struct range_object *range = tr_as_object(v, &range_class);
	tr_str s = tr_as_str(v);
	size_t n = range != NULL ? range->n : s.n;

	if (!ev_spend(ev, n) || !ev_charge(ev, n <= SIZE_MAX / 32 ? n * sizeof(tr_value) : SIZE_MAX))
		return tr_invalid(TR_ELIMIT);
	tr_value array = tr_array_with(n + 1);
	for (size_t i = 0; i < n && tr_is_valid(array); i++)
		array = tr_array_push(array, tr_int(range != NULL ? range_at(range, i) : (unsigned char)s.p[i]));
	return tr_is_valid(array) ? array : ev_invalid(ev, array);
}

tr_value ev_items(struct eval *ev, tr_value v)
{
	v = ev_resolve(ev, v);
	if (tr_is(v, TR_ARRAY))
		return ev_spend(ev, tr_array_len(v)) ? tr_keep(v) : tr_invalid(TR_ELIMIT);
	if (tr_is(v, TR_MAP))
		return ev_view(ev, v, SEQ_KEYS);
	if (is_text(v))
		return text_items(ev, v);
	if (tr_is(v, TR_BINARY) || tr_as_object(v, &range_class) != NULL)
		return counted_items(ev, v);
	if (is_undefined(v)) {
		if (!ev_undefined_use(ev, v))
			return tr_invalid(TR_EUNDEFINED);
		return tr_array();
	}
	if (!tr_is_valid(v))
		return tr_invalid(TR_ETYPE);
	return ev_fail(ev, TR_ETYPE, "'%s' cannot be gone through", ev_type_name(v));
}
