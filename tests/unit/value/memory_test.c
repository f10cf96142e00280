/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation failing in turn, and one value shared by threads. */
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

/* Uses most of the room; gives an error, or TR_OK when everything worked. */
static tr_err scenario(void)
{
	static const char text[] = "{\"rows\":[{\"id\":1,\"tags\":[\"a\",\"b\",\"c\",\"d\",\"e\"]},{\"id\":2.5}],"
				   "\"long\":\"0123456789012345678901234567890123456789\\u00e9\","
				   "\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8}";
	tr_buf out = {0};
	tr_value v = tr_json_read(tr_s(text), NULL, NULL);
	tr_value shared = tr_keep(v);

	for (int i = 0; i < 20; i++)
		v = tr_map_put(v, tr_stringf("more %d", i), TR_LIST(tr_int(i), tr_string("x"), TR_DICT("y", tr_nil())));
	v = tr_map_merge_deep(v, TR_DICT("rows", tr_array(), "m", TR_DICT("n", tr_int(1))));
	v = tr_map_del(v, tr_nil());
	v = tr_map_merge(v, tr_keep(shared));
	tr_value list = tr_array_concat(TR_LIST(tr_keep(v), tr_binary("b", 1)), TR_LIST(tr_keep(v)));
	list = tr_array_set(list, 0, tr_string_lossy("\xff", 1));
	tr_value slice = tr_array_slice(list, 1, 3);
	tr_err err = tr_is_valid(slice) ? tr_msgpack_write(&out, slice) : tr_value_err(slice);
	tr_value back = err == TR_OK ? tr_msgpack_read(tr_buf_str(&out), NULL, NULL, NULL) : tr_invalid(err);
	tr_value json = tr_json_string(back, TR_JSON_SORT_KEYS | TR_JSON_PRETTY);
	err = tr_value_err(json);
	if (err == TR_OK && !tr_equal(back, slice))
		err = TR_ENOMEM; /* equality may need memory too, and says "different" without */
	tr_drop(json);
	tr_drop(back);
	tr_drop(slice);
	tr_drop(list);
	tr_drop(v);
	tr_drop(shared);
	tr_buf_fini(&out);
	return err;
}

static void every_failure_in_turn(void **state)
{
	bool done = false;
	int n;

	(void)state;
	for (n = 0; !done; n++) {
		int64_t before = tr_test_live_blocks();
		tr_test_fail_alloc(n);
		tr_err err = scenario();
		done = !tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (err != (done ? TR_OK : TR_ENOMEM))
			fail_msg("allocation %d: %s", n, tr_err_name(err));
		if (tr_test_live_blocks() != before)
			fail_msg("allocation %d: %lld blocks lost", n, (long long)(tr_test_live_blocks() - before));
	}
	assert_true(n > 100);
}

enum {
	THREADS = 4,
	ROUNDS = 20000
};

struct shared {
	tr_value v;
	atomic_int failures;
};

static void *use(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		tr_value mine = tr_keep(s->v);
		tr_value changed = tr_map_put_s(tr_keep(mine), "list", tr_int(i));
		bool ok = tr_as_int(tr_map_get_s(changed, "list"), -1) == i &&
			  tr_array_len(tr_map_get_s(mine, "list")) == 3 &&
			  tr_hash(tr_map_get_s(mine, "text")) == tr_hash(tr_map_get_s(changed, "text"));
		if (!ok)
			atomic_fetch_add(&s->failures, 1);
		tr_drop(changed);
		tr_drop(mine);
	}
	return NULL;
}

static void threads_share_a_value(void **state)
{
	pthread_t threads[THREADS];
	struct shared s = {.v = read_json("{\"list\":[1,2,3],\"text\":\"shared\"}")};

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &s), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s.failures), 0);
	assert_int_equal(tr_refcount(s.v), 1);
	assert_int_equal(tr_refcount(tr_map_get_s(s.v, "list")), 1);
	tr_drop(s.v);
}

static tr_value handed_over;
static atomic_int destroyed;

static void destroy(void *data)
{
	(void)data;
	atomic_fetch_add(&destroyed, 1);
}

static const tr_class counted = {"counted", destroy};

static void *drop_it(void *arg)
{
	tr_drop(handed_over);
	return arg;
}

/* The last reference goes in whichever thread is last, once. */
static void threads_race_to_drop(void **state)
{
	(void)state;
	for (int round = 0; round < 500; round++) {
		pthread_t threads[2];
		atomic_store(&destroyed, 0);
		handed_over = TR_LIST(tr_object(&counted, NULL), tr_string("x"));
		tr_keep(handed_over);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, drop_it, NULL), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(atomic_load(&destroyed), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_failure_in_turn),
	    cmocka_unit_test(threads_share_a_value),
	    cmocka_unit_test(threads_race_to_drop),
	};

	return RUN_LEAK_CHECKED(tests);
}
