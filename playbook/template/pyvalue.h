/* SPDX-License-Identifier: Apache-2.0 */
/* What Python tells apart and tr_value does not, kept in the spare bits of a value. Such values are plain values of
 * their kind for everybody else, and become plain for good before they leave an evaluation. */
#ifndef TROUPE_TEMPLATE_PYVALUE_H
#define TROUPE_TEMPLATE_PYVALUE_H

#include <troupe/value.h>

/* aux of an array */
enum seq_kind {
	SEQ_LIST,
	SEQ_TUPLE,
	SEQ_KEYS,
	SEQ_VALUES,
	SEQ_ITEMS,
	SEQ_GROUP /* of groupby: a tuple with names */
};
/* aux of a string */
enum text_kind {
	TEXT_PLAIN,
	TEXT_MARKUP
};
/* aux of nil */
enum nil_kind {
	NIL_NONE,
	NIL_UNDEFINED,
	NIL_BUILTIN
};

static inline tr_value py_sequence(tr_value array, enum seq_kind kind)
{
	if (array.type == (uint32_t)TR_ARRAY)
		array.aux = (uint32_t)kind;
	return array;
}
static inline tr_value py_tuple(tr_value array)
{
	return py_sequence(array, SEQ_TUPLE);
}
static inline tr_value py_markup(tr_value text)
{
	if (text.type == (uint32_t)TR_STRING)
		text.aux = TEXT_MARKUP;
	return text;
}
static inline tr_value py_plain(tr_value v)
{
	if (tr_is_valid(v) && v.type != (uint32_t)TR_NIL)
		v.aux = 0;
	return v;
}

static inline bool is_markup(tr_value v)
{
	return v.type == (uint32_t)TR_STRING && v.aux == TEXT_MARKUP;
}
static inline bool is_list(tr_value v)
{
	return v.type == (uint32_t)TR_ARRAY && v.aux == SEQ_LIST;
}
static inline bool is_group(tr_value v)
{
	return v.type == (uint32_t)TR_ARRAY && v.aux == SEQ_GROUP;
}
static inline bool is_tuple(tr_value v)
{
	return v.type == (uint32_t)TR_ARRAY && (v.aux == SEQ_TUPLE || v.aux == SEQ_GROUP);
}
static inline bool is_view(tr_value v)
{
	return v.type == (uint32_t)TR_ARRAY && v.aux >= SEQ_KEYS && v.aux <= SEQ_ITEMS;
}
static inline bool is_none(tr_value v)
{
	return v.type == (uint32_t)TR_NIL && v.aux == NIL_NONE;
}
static inline bool is_undefined(tr_value v)
{
	return v.type == (uint32_t)TR_NIL && v.aux == NIL_UNDEFINED;
}
static inline bool is_builtin(tr_value v)
{
	return v.type == (uint32_t)TR_NIL && v.aux == NIL_BUILTIN;
}
/* Text: a string, or an atom, which templates read as its name. */
static inline bool is_text(tr_value v)
{
	return v.type == (uint32_t)TR_STRING || v.type == (uint32_t)TR_ATOM;
}
static inline bool is_number(tr_value v)
{
	return v.type == (uint32_t)TR_INT || v.type == (uint32_t)TR_FLOAT || v.type == (uint32_t)TR_BOOL;
}
/* An int, or a bool taken as one. */
static inline bool is_integral(tr_value v)
{
	return v.type == (uint32_t)TR_INT || v.type == (uint32_t)TR_BOOL;
}
static inline int64_t int_of(tr_value v)
{
	return v.type == (uint32_t)TR_BOOL ? v.as.b : v.as.i;
}
static inline double float_of(tr_value v)
{
	return v.type == (uint32_t)TR_FLOAT ? v.as.d : (double)int_of(v);
}
static inline bool is_given(tr_value v)
{
	return v.type != (uint32_t)TR_INVALID;
}

/* A function of the template's global scope. */
static inline tr_value py_builtin(uint64_t number)
{
	return tr_value_make(TR_NIL, NIL_BUILTIN, number);
}

#endif
