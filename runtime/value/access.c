/* SPDX-License-Identifier: Apache-2.0 */
/* What a value holds, and objects. */
#include "runtime/value/atom.h"
#include <stddef.h>

#include "runtime/value/box.h"

const char *tr_type_name(tr_type t)
{
	static const char *const names[] = {"invalid", "nil",    "bool",   "int",   "float", "atom",  "pid",
					    "ref",     "string", "binary", "array", "map",   "object"};

	return (size_t)t < sizeof(names) / sizeof(names[0]) ? names[t] : "unknown";
}

bool tr_as_bool(tr_value v, bool otherwise)
{
	return tr_is(v, TR_BOOL) ? v.as.b : otherwise;
}

int64_t tr_as_int(tr_value v, int64_t otherwise)
{
	return tr_is(v, TR_INT) ? v.as.i : otherwise;
}

double tr_as_float(tr_value v, double otherwise)
{
	if (tr_is(v, TR_INT))
		return (double)v.as.i;
	return tr_is(v, TR_FLOAT) ? v.as.d : otherwise;
}

tr_pid tr_as_pid(tr_value v)
{
	return (tr_pid){tr_is(v, TR_PID) ? v.as.bits : 0};
}

tr_ref tr_as_ref(tr_value v)
{
	return (tr_ref){tr_is(v, TR_REF) ? v.as.bits : 0};
}

tr_str tr_as_str(tr_value v)
{
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY))
		return (tr_str){box_text(v)->data, box_text(v)->n};
	return tr_is(v, TR_ATOM) ? atom_text(v.as.bits) : (tr_str){"", 0};
}

const char *tr_as_cstr(tr_value v, const char *otherwise)
{
	bool text = tr_is(v, TR_STRING) || tr_is(v, TR_BINARY) || tr_is(v, TR_ATOM);

	return text ? tr_as_str(v).p : otherwise;
}

tr_value tr_object_with(const tr_class *cls, size_t size, void **data)
{
	/* What is behind the box is aligned as an allocation of its own would be. */
	size_t head = (sizeof(struct box_object) + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	struct box_object *object = cls == NULL || size > SIZE_MAX - head ? NULL : tr_alloc(head + size);

	*data = NULL;
	if (object == NULL)
		return tr_invalid(cls == NULL ? TR_EINVAL : TR_ENOMEM);
	box_init(&object->head, TR_OBJECT);
	object->cls = cls;
	object->data = *data = (char *)object + head;
	return box_value(TR_OBJECT, &object->head);
}

tr_value tr_object(const tr_class *cls, void *data)
{
	if (cls == NULL)
		return tr_invalid(TR_EINVAL);
	struct box_object *object = alloc_raw(sizeof(*object));
	if (object == NULL) {
		if (cls->destroy != NULL)
			cls->destroy(data);
		return tr_invalid(TR_ENOMEM);
	}
	box_init(&object->head, TR_OBJECT);
	object->cls = cls;
	object->data = data;
	return box_value(TR_OBJECT, &object->head);
}

void *tr_as_object(tr_value v, const tr_class *cls)
{
	return tr_is(v, TR_OBJECT) && box_object(v)->cls == cls ? box_object(v)->data : NULL;
}

const tr_class *tr_object_class(tr_value v)
{
	return tr_is(v, TR_OBJECT) ? box_object(v)->cls : NULL;
}
