/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays. */
#include "check.h"

static void literal_reads_back(void **state)
{
	tr_value v = TR_LIST(tr_int(1), tr_string("b"), TR_LIST(tr_nil()));

	(void)state;
	assert_int_equal(tr_array_len(v), 3);
	assert_shown(v, "{1, \"b\", {nil}}");
	assert_int_equal(tr_as_int(tr_array_at(v, 0), 0), 1);
	assert_false(tr_is_valid(tr_array_at(v, 3)));
	assert_int_equal(tr_value_err(tr_array_at(v, 3)), TR_OK);
	assert_ptr_equal(tr_array_items(v) + 1, &tr_array_items(v)[1]);
	tr_drop(v);
	v = tr_array();
	assert_null(tr_array_items(v));
	tr_drop(v);
	assert_int_equal(tr_array_len(tr_int(1)), 0);
	assert_false(tr_is_valid(tr_array_at(tr_int(1), 0)));
}

static void push_in_place_when_own(void **state)
{
	tr_value v = tr_array_with(1000);
	tr_box *box = v.as.box;

	(void)state;
	for (int i = 0; i < 1000; i++)
		v = tr_array_push(v, tr_int(i));
	assert_ptr_equal(v.as.box, box);
	for (int i = 1000; i < 100000; i++)
		v = tr_array_push(v, tr_int(i));
	for (int i = 0; i < 100000; i++)
		assert_int_equal(tr_as_int(tr_array_at(v, (size_t)i), -1), i);
	tr_drop(v);
}

static void push_copies_when_shared(void **state)
{
	tr_value item = tr_string("item");
	tr_value a = TR_LIST(tr_keep(item));
	tr_value b = tr_array_push(tr_keep(a), tr_keep(item));

	(void)state;
	assert_int_equal(tr_array_len(a), 1);
	assert_int_equal(tr_array_len(b), 2);
	assert_int_equal(tr_refcount(item), 4);
	tr_drop(a);
	tr_drop(b);
	assert_int_equal(tr_refcount(item), 1);
	tr_drop(item);
}

static void set_replaces(void **state)
{
	tr_value old = tr_string("old");
	tr_value a = TR_LIST(tr_keep(old), tr_int(2));
	tr_value b = tr_array_set(tr_keep(a), 0, tr_int(1));

	(void)state;
	assert_shown(a, "{\"old\", 2}");
	assert_shown(b, "{1, 2}");
	tr_drop(b);
	tr_box *box = a.as.box;
	a = tr_array_set(a, 0, tr_string("new"));
	assert_ptr_equal(a.as.box, box);
	assert_int_equal(tr_refcount(old), 1);
	assert_err(tr_array_set(a, 2, tr_keep(old)), TR_ERANGE);
	assert_int_equal(tr_refcount(old), 1);
	tr_drop(old);
}

static void concat_and_slice(void **state)
{
	tr_value a = TR_LIST(tr_int(1), tr_int(2)), b = TR_LIST(tr_int(3));
	tr_value all = tr_array_concat(tr_keep(a), tr_keep(b));

	(void)state;
	assert_shown(all, "{1, 2, 3}");
	assert_shown(a, "{1, 2}");
	tr_value s = tr_array_slice(all, 1, 99);
	assert_shown(s, "{2, 3}");
	tr_drop(s);
	s = tr_array_slice(all, 2, 1);
	assert_shown(s, "{}");
	tr_drop(s);
	tr_drop(all);
	all = tr_array_concat(tr_array(), tr_keep(a));
	assert_shown(all, "{1, 2}");
	tr_drop(all);
	all = tr_array_concat(tr_keep(a), tr_array());
	assert_ptr_equal(all.as.box, a.as.box);
	tr_drop(all);
	/* The same value twice. */
	tr_drop(b);
	all = tr_array_concat(tr_keep(a), a);
	assert_shown(all, "{1, 2, 1, 2}");
	tr_drop(all);
}

static void invalid_arguments_pass_through(void **state)
{
	tr_value kept = tr_string("kept");

	(void)state;
	assert_err(TR_LIST(tr_keep(kept), tr_invalid(TR_EIO), tr_keep(kept)), TR_EIO);
	assert_err(TR_LIST(tr_keep(kept), tr_absent()), TR_EINVAL);
	assert_err(tr_array_push(TR_LIST(tr_keep(kept)), tr_invalid(TR_EIO)), TR_EIO);
	assert_err(tr_array_push(tr_invalid(TR_EBUSY), tr_keep(kept)), TR_EBUSY);
	assert_err(tr_array_push(tr_keep(kept), tr_keep(kept)), TR_ETYPE);
	assert_err(tr_array_set(tr_keep(kept), 0, tr_keep(kept)), TR_ETYPE);
	assert_err(tr_array_set(TR_LIST(tr_keep(kept)), 0, tr_invalid(TR_EIO)), TR_EIO);
	assert_err(tr_array_concat(tr_keep(kept), tr_array()), TR_ETYPE);
	assert_err(tr_array_concat(tr_array(), tr_invalid(TR_EIO)), TR_EIO);
	assert_err(tr_array_slice(kept, 0, 1), TR_ETYPE);
	assert_err(tr_array_with(SIZE_MAX / 4), TR_ENOMEM);
	assert_int_equal(tr_refcount(kept), 1);
	tr_drop(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(literal_reads_back),      cmocka_unit_test(push_in_place_when_own),
	    cmocka_unit_test(push_copies_when_shared), cmocka_unit_test(set_replaces),
	    cmocka_unit_test(concat_and_slice),        cmocka_unit_test(invalid_arguments_pass_through),
	};

	return RUN_LEAK_CHECKED(tests);
}
