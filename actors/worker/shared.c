/* SPDX-License-Identifier: Apache-2.0 */
/** The shared writes of a loop. */
#include "actors/worker/shared.h"
#include "actors/worker/path.h"

static bool is_number(tr_value v)
{
	return tr_is(v, TR_INT) || tr_is(v, TR_FLOAT);
}

bool shared_suits(pb_reducer reducer, tr_value value)
{
	switch (reducer) {
	case PB_REDUCE_ADD:
		return is_number(value);
	case PB_REDUCE_MAX:
	case PB_REDUCE_MIN:
		return is_number(value) || tr_is(value, TR_STRING);
	case PB_REDUCE_MERGE:
		return tr_is(value, TR_MAP);
	default:
		return true;
	}
}

static const char *reducer_name(pb_reducer reducer)
{
	static const char *const names[] = {"last", "add", "append", "max", "min", "merge", "first", "last"};
	return (size_t)reducer < sizeof names / sizeof names[0] ? names[reducer] : "?";
}

tr_value shared_error(tr_str key, pb_reducer reducer, tr_value value)
{
	return TR_DICT("kind", tr_string("set_shared"), "message",
		       tr_stringf("set_shared: %.*s cannot %s a value of type %s", TR_STR(key), reducer_name(reducer),
				  tr_type_name(tr_type_of(value))),
		       "retryable", tr_bool(false));
}

static tr_value add(tr_value a, tr_value b)
{
	if (!is_number(a) || !is_number(b)) {
		tr_drop(a);
		tr_drop(b);
		return tr_invalid(TR_ETYPE);
	}
	int64_t sum;
	if (tr_is(a, TR_INT) && tr_is(b, TR_INT) && !__builtin_add_overflow(tr_as_int(a, 0), tr_as_int(b, 0), &sum))
		return tr_int(sum);
	return tr_float(tr_as_float(a, 0) + tr_as_float(b, 0));
}

static tr_value extreme(tr_value have, tr_value value, int sign)
{
	if (is_number(have) != is_number(value)) {
		tr_drop(have);
		tr_drop(value);
		return tr_invalid(TR_ETYPE);
	}
	bool keep = tr_compare(have, value) * sign >= 0;
	tr_drop(keep ? value : have);
	return keep ? have : value;
}

static tr_value append(tr_value have, tr_value value)
{
	if (tr_is(have, TR_ARRAY))
		return tr_array_push(have, value);
	tr_drop(have);
	tr_drop(value);
	return tr_invalid(TR_ETYPE);
}

static tr_value merge(tr_value have, tr_value value)
{
	if (tr_is(have, TR_MAP))
		return tr_map_merge_deep(have, value);
	tr_drop(have);
	tr_drop(value);
	return tr_invalid(TR_ETYPE);
}

tr_value shared_reduce(pb_reducer reducer, tr_value have, tr_value value)
{
	bool fresh = !tr_is_valid(have) || tr_is_nil(have);
	switch (reducer) {
	case PB_REDUCE_APPEND:
		return append(fresh ? tr_array() : have, value);
	case PB_REDUCE_FIRST:
		if (fresh)
			return value;
		tr_drop(value);
		return have;
	case PB_REDUCE_ADD:
		return fresh ? value : add(have, value);
	case PB_REDUCE_MAX:
		return fresh ? value : extreme(have, value, 1);
	case PB_REDUCE_MIN:
		return fresh ? value : extreme(have, value, -1);
	case PB_REDUCE_MERGE:
		return fresh ? value : merge(have, value);
	default:
		tr_drop(have);
		return value;
	}
}

void shared_fini(shared_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		tr_drop(t->cells[i].key);
		tr_drop(t->cells[i].value);
	}
	tr_free(t->cells);
	t->cells = NULL;
	t->count = 0;
}

/* The cell of a key; a new one begins with what vars has. The table is as long as the playbook has set_shared keys:
 * short. */
static shared_cell *cell_of(shared_table *t, tr_value key, tr_value vars)
{
	for (size_t i = 0; i < t->count; i++) {
		if (tr_equal(t->cells[i].key, key))
			return &t->cells[i];
	}
	shared_cell *grown = tr_realloc(t->cells, (t->count + 1) * sizeof *grown);
	if (grown == NULL)
		return NULL;
	t->cells = grown;
	shared_cell *cell = &t->cells[t->count++];
	cell->key = tr_keep(key);
	cell->value = tr_keep(path_get(vars, tr_as_str(key)));
	return cell;
}

bool shared_apply(shared_table *t, tr_value list, tr_value vars, tr_value *error)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value item = tr_array_at(list, i);
		tr_value key = tr_array_at(item, 0);
		pb_reducer reducer = (pb_reducer)tr_as_int(tr_array_at(item, 1), PB_REDUCE_LAST);
		tr_value value = tr_array_at(item, 2);
		shared_cell *cell = cell_of(t, key, vars);
		if (cell == NULL) {
			tr_assign(error, shared_error(tr_as_str(key), reducer, value));
			return false;
		}
		tr_value have = cell->value;
		cell->value = shared_reduce(reducer, have, tr_keep(value));
		if (!tr_is_valid(cell->value)) {
			tr_assign(error, shared_error(tr_as_str(key), reducer, value));
			return false;
		}
	}
	return true;
}

tr_value shared_into(const shared_table *t, tr_value vars)
{
	for (size_t i = 0; i < t->count; i++) {
		if (tr_is_valid(t->cells[i].value))
			vars = path_put(vars, tr_as_str(t->cells[i].key), tr_keep(t->cells[i].value));
	}
	return vars;
}

tr_value shared_writes(const shared_table *t, tr_value writes)
{
	for (size_t i = 0; i < t->count; i++) {
		if (tr_is_valid(t->cells[i].value))
			writes = tr_map_put(tr_is_valid(writes) ? writes : tr_map(), tr_keep(t->cells[i].key),
					    tr_keep(t->cells[i].value));
	}
	return writes;
}
