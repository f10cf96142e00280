/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which plugins come up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/order.h"
#include <stdio.h>
#include <string.h>

#define MOST 8

typedef struct scene {
	manifest m[MOST];
	const manifest *list[MOST];
	size_t n, order[MOST], count;
	tr_value refused[MOST];
} scene;

/* Add a plugin; depends_on as JSON. */
static void add(scene *s, const char *id, const char *version_text, const char *depends_on)
{
	char text[400];
	tr_value faults;

	snprintf(text, sizeof(text), "{\"id\": \"%s\", \"version\": \"%s\", \"depends_on\": {%s}}", id, version_text,
		 depends_on);
	assert_int_equal(manifest_read(tr_s(text), &s->m[s->n], &faults), TR_OK);
	tr_drop(faults);
	s->list[s->n] = &s->m[s->n];
	s->n++;
}

static void sort(scene *s)
{
	s->count = plugin_order(s->list, s->n, NULL, 0, s->order, s->refused);
}

static const char *why(const scene *s, size_t i)
{
	return tr_as_cstr(s->refused[i], "");
}

static void fini(scene *s)
{
	for (size_t i = 0; i < s->n; i++) {
		manifest_fini(&s->m[i]);
		tr_drop(s->refused[i]);
	}
}

static void puts_dependencies_first(void **state)
{
	scene s = {.n = 0};

	(void)state;
	add(&s, "c", "1.0", "\"b\": \"*\", \"a\": \"*\"");
	add(&s, "x", "1.0", "");
	add(&s, "b", "1.0", "\"a\": \">=1.0\"");
	add(&s, "a", "1.5", "");
	sort(&s);
	assert_int_equal(s.count, 4);
	size_t place[4];
	for (size_t i = 0; i < 4; i++)
		place[s.order[i]] = i;
	assert_true(place[3] < place[2] && place[2] < place[0]);
	fini(&s);
}

static void names_a_cycle(void **state)
{
	scene s = {.n = 0};

	(void)state;
	add(&s, "a", "1.0", "\"b\": \"*\"");
	add(&s, "b", "1.0", "\"c\": \"*\"");
	add(&s, "c", "1.0", "\"a\": \"*\"");
	add(&s, "d", "1.0", "\"c\": \"*\"");
	add(&s, "free", "1.0", "");
	sort(&s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.order[0], 4);
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(strstr(why(&s, i), "cycle"));
		assert_non_null(strstr(why(&s, i), "a -> "));
		assert_non_null(strstr(why(&s, i), "b -> "));
		assert_non_null(strstr(why(&s, i), "c -> "));
	}
	assert_non_null(strstr(why(&s, 3), "depends on c, which was refused"));
	fini(&s);
}

static void names_itself(void **state)
{
	scene s = {.n = 0};

	(void)state;
	add(&s, "a", "1.0", "\"a\": \"*\"");
	sort(&s);
	assert_int_equal(s.count, 0);
	assert_non_null(strstr(why(&s, 0), "a -> a"));
	fini(&s);
}

static void names_what_is_missing_or_old(void **state)
{
	scene s = {.n = 0};

	(void)state;
	add(&s, "a", "1.0", "\"ghost\": \">=2\"");
	add(&s, "b", "1.0", "\"old\": \">=2\"");
	add(&s, "old", "1.4", "");
	add(&s, "c", "1.0", "\"a\": \"*\"");
	sort(&s);
	assert_int_equal(s.count, 1);
	assert_non_null(strstr(why(&s, 0), "ghost >=2"));
	assert_non_null(strstr(why(&s, 1), "old >=2, but version 1.4"));
	assert_non_null(strstr(why(&s, 3), "a, which was refused"));
	fini(&s);
}

static void counts_what_is_loaded(void **state)
{
	scene loaded = {.n = 0}, s = {.n = 0};

	(void)state;
	add(&loaded, "base", "2.0", "");
	add(&s, "a", "1.0", "\"base\": \"^2\"");
	add(&s, "b", "1.0", "\"base\": \"^3.0\"");
	s.count = plugin_order(s.list, s.n, loaded.list, loaded.n, s.order, s.refused);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.order[0], 0);
	assert_non_null(strstr(why(&s, 1), "version 2.0 is there"));
	loaded.refused[0] = tr_absent();
	fini(&loaded);
	fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(puts_dependencies_first),
	    cmocka_unit_test(names_a_cycle),
	    cmocka_unit_test(names_itself),
	    cmocka_unit_test(names_what_is_missing_or_old),
	    cmocka_unit_test(counts_what_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
