/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds: each is an error with a position, and what stays within is not touched by them. */
#include <pthread.h>
#include <string.h>

#include <troupe/testing.h>

#include "support.h"

/* Sanitizers make frames many times larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define SMALL_STACK ((size_t)1 << 20)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SMALL_STACK ((size_t)1 << 20)
#endif
#endif
#ifndef SMALL_STACK
#define SMALL_STACK ((size_t)64 << 10)
#endif

static void exceeds(const char *template, tr_template_limits limits, tr_err err, uint32_t line, uint32_t column)
{
	tr_template_options options = {.limits = limits};
	tr_eval_options how = {.limits = limits};
	tr_template_error error = {0};
	tr_value v = give(template, NULL, &options, &how, &error);

	if (tr_is_valid(v))
		fail_msg("%s gave %zu bytes", template, tr_as_str(v).n);
	if (error.err != err || error.line != line || error.column != column)
		fail_msg("%.60s\n  failed: %u:%u %s: %s", template, error.line, error.column, tr_err_name(error.err),
			 error.message);
}

static void source(void **state)
{
	(void)state;
	exceeds("0123456789", (tr_template_limits){.max_source = 9}, TR_ELIMIT, 1, 1);
	check_text("0123456789", NULL, "0123456789");
}

static char *repeated(const char *before, const char *part, const char *middle, const char *end_part, size_t n)
{
	size_t size = strlen(before) + n * (strlen(part) + strlen(end_part)) + strlen(middle) + 4;
	char *text = tr_alloc(size), *p = text;

	assert_non_null(text);
	p = stpcpy(p, before);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, part);
	p = stpcpy(p, middle);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, end_part);
	stpcpy(p, "}}");
	return text;
}

static void nesting(void **state)
{
	static const char *const parts[][3] = {{"(", "1", ")"},    {"[", "", "]"},    {"-", "1", ""},
					       {"not ", "1", ""},  {"{1:", "1", "}"}, {"f(", "1", ")"},
					       {"1 if ", "1", ""}, {"a[", "1", "]"}};
	tr_template_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = repeated("{{", parts[i][0], parts[i][1], parts[i][2], 100000);
		assert_null(tr_template_compile(tr_s(text), NULL, &error));
		assert_int_equal(error.err, TR_EDEPTH);
		assert_int_equal(error.line, 1);
		tr_free(text);
	}
	char *text = repeated("{{", "(", "1", ")", 45);
	check_text(text, NULL, "1");
	tr_free(text);
}

/* All that the default depth lets through needs no more stack than an actor has. */
static void *on_a_small_stack(void *arg)
{
	tr_template_error error;
	tr_template *t = tr_template_compile(tr_s(arg), NULL, &error);

	if (t != NULL)
		tr_drop(tr_template_eval(t, NULL, NULL, &error));
	tr_template_free(&t);
	return NULL;
}

static void the_stack_of_an_actor(void **state)
{
	static const char *const parts[][4] = {{"{{", "(", "1", ")"},
					       {"{{", "[", "", "]"},
					       {"{{", "f(", "1", ")"},
					       {"{{", "{1:", "1", "}"},
					       {"", "{% for x in [1] %}", "{{ 1 ", "}}{% endfor %}"},
					       {"", "{% if 1 %}", "{{ 1 ", "}}{% endif %}"}};
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t n = 40; n <= 110; n += 5) {
			char *text = repeated(parts[i][0], parts[i][1], parts[i][2], parts[i][3], n);
			assert_int_equal(pthread_create(&thread, &attributes, on_a_small_stack, text), 0);
			pthread_join(thread, NULL);
			tr_free(text);
		}
	}
	pthread_attr_destroy(&attributes);
}

/* Objects that hold themselves, and objects that hold one another in a chain that is too long to be freed by
 * descending: all is given back, on a small stack. */
static void objects_that_hold_objects(void **state)
{
	static const char *const all[] = {
	    "{% set ns = namespace() %}{% set ns.me = ns %}",
	    "{% set ns = namespace() %}{% set ns.l = [{'x': ns}] %}{% set ns.c = cycler(ns.l) %}{{ ns.nothing }}",
	    "{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{{ 1 // 0 }}",
	    "{% for x in [1, 2] %}{{ loop.changed(loop) }}{% endfor %}",
	    "{% set l = [] %}{% set ns = namespace(l=l, f=l.append) %}{{ ns.f(ns) }}{{ l.append(l) }}",
	    "{% macro m() %}{% endmacro %}{% set ns = namespace(m=m) %}{% set ns.ns = ns %}{{ ns.m() }}",
	    "{% set ns = namespace() %}{% for i in range(50000) %}{% set ns.a = namespace(b=ns.a) %}{% endfor %}",
	    "{% set ns = namespace() %}{% for i in range(50000) %}{% set ns.a = cycler(ns.a) %}{% endfor %}{% set ns.a "
	    "= 1 %}",
	    "{% set ns = namespace() %}{% for i in range(50000) %}{% set ns.a = joiner(ns.a) %}{% endfor %}{{ 1 // 0 "
	    "}}",
	    "{% set ns = namespace(a=1) %}{% for i in range(50000) %}{% set ns.a = [ns.a].append %}{% endfor %}",
	};
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		tr_test_live_blocks();
		int64_t before = tr_test_live_blocks();
		assert_int_equal(pthread_create(&thread, &attributes, on_a_small_stack, (void *)(uintptr_t)all[i]), 0);
		pthread_join(thread, NULL);
		if (tr_test_live_blocks() != before)
			fail_msg("%lld blocks are left: %s", (long long)(tr_test_live_blocks() - before), all[i]);
	}
	pthread_attr_destroy(&attributes);
	check_error("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}", NULL, "1:50: nested deeper than");
}

/* Long is not deep: chains of any length are walked, not descended. */
static void long_chains(void **state)
{
	static const char *const parts[] = {" + 1", " ~ 1", " * 1",  " and 1", " or 1",
					    " < 2", "|abs", "[0:1]", ".a",     "|length"};
	tr_template_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = repeated("{{1", parts[i], "", "", 50000);
		tr_template *t = tr_template_compile(tr_s(text), NULL, &error);
		if (t == NULL)
			fail_msg("%s: %s", parts[i], error.message);
		tr_value v = tr_template_eval(t, NULL, NULL, &error);
		assert_true(tr_is_valid(v) || error.err == TR_ETYPE || error.err == TR_EUNDEFINED ||
			    error.err == TR_ERANGE);
		tr_drop(v);
		tr_template_free(&t);
		tr_free(text);
	}
}

static void recursion(void **state)
{
	(void)state;
	exceeds("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", (tr_template_limits){0}, TR_EDEPTH, 1, 19);
	exceeds("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", (tr_template_limits){0}, TR_EDEPTH, 1, 32);
	/* A list that holds itself. */
	exceeds("{% set l = [1] %}{{ l.append(l) }}{{ l }}", (tr_template_limits){0}, TR_EDEPTH, 1, 38);
	exceeds("{% set l = [1] %}{{ l.append(l) }}{{ l == l[:] }}{{ l|tojson }}", (tr_template_limits){0}, TR_EDEPTH,
		1, 55);
}

static void output(void **state)
{
	tr_template_limits limits = {.max_output = 100};

	(void)state;
	exceeds("{% for i in range(101) %}x{% endfor %}", limits, TR_ELIMIT, 1, 26);
	exceeds("{{ 'x' * 101 }}", limits, TR_ELIMIT, 1, 16);
	exceeds("a{{ 'x' * 101 }}", limits, TR_ELIMIT, 1, 5);
}

static void instructions(void **state)
{
	tr_template_limits limits = {.max_instructions = 10000};

	(void)state;
	exceeds("{% for i in range(100000) %}{% endfor %}", limits, TR_ELIMIT, 1, 4);
	exceeds("{{ range(1000000)|list|length }}", limits, TR_ELIMIT, 1, 19);
	exceeds("{{ range(1000000)|sum }}", limits, TR_ELIMIT, 1, 19);
	exceeds("{{ 5 in (range(100000)|list) }}", limits, TR_ELIMIT, 1, 24);
	exceeds("{{ [1]|slice(10000) }}", limits, TR_ELIMIT, 1, 8);
}

/* What grows and shrinks where it is costs by the item, not by its length each time. */
static void long_lists_and_objects(void **state)
{
	(void)state;
	check_text(
	    "{% set l = range(100000)|list %}{% for i in range(100000) %}{% set _ = l.pop() %}{% endfor %}{{ l }}",
	    NULL, "[]");
	check_text("{% set l = [] %}{% for i in range(5000) %}{% set _ = l.insert(0, i) %}{% endfor %}{{ l|length }}{{ "
		   "l[0] }}",
		   NULL, "50004999");
	check_text("{% set d = {} %}{% for i in range(3000) %}{% set _ = d.update({i: i}) %}{% endfor %}{% for i in "
		   "range(3000) %}{% set _ = d.pop(i) %}{% endfor %}{{ d }}",
		   NULL, "{}");
	/* An object that nobody holds any more costs nothing; those that are held do. */
	tr_template_limits limits = {.max_memory = 3000000};
	tr_eval_options how = {.limits = limits};
	tr_template_error error = {0};
	tr_value v = give("{% for i in range(20000) %}{% set n = namespace(a=i) %}{% set c = cycler(1) %}{% endfor %}",
			  NULL, NULL, &how, &error);
	if (!tr_is_valid(v))
		fail_msg("%u:%u %s", error.line, error.column, error.message);
	tr_drop(v);
	v = give("{% set n = namespace(c=0) %}{% for i in range(100000) %}{% set n.c = n.c + i %}{% endfor %}", NULL,
		 NULL, &how, &error);
	if (!tr_is_valid(v))
		fail_msg("%u:%u %s", error.line, error.column, error.message);
	tr_drop(v);
	exceeds("{% set n = namespace() %}{% for i in range(20000) %}{% set n.a = namespace(b=n.a) %}{% endfor %}",
		limits, TR_ELIMIT, 1, 66);
}

static void memory(void **state)
{
	tr_template_limits limits = {.max_memory = 100000};

	(void)state;
	exceeds("{{ ('x' * 1000000)|length }}", limits, TR_ELIMIT, 1, 5);
	exceeds("{{ ([1] * 1000000)|length }}", limits, TR_ELIMIT, 1, 5);
	exceeds("{{ range(1000000)|list|length }}", limits, TR_ELIMIT, 1, 19);
	exceeds("{{ [1]|batch(1000000000, 0) }}", limits, TR_ELIMIT, 1, 8);
	exceeds("{{ [1]|slice(5000)|length }}", limits, TR_ELIMIT, 1, 8);
	exceeds("{{ ('%1000000d' % 1)|length }}", limits, TR_ELIMIT, 1, 5);
	exceeds("{{ '{:1000000}'.format(1)|length }}", limits, TR_ELIMIT, 1, 17);
	exceeds("{{ 'x'|center(1000000)|length }}", limits, TR_ELIMIT, 1, 8);
	exceeds("{% set x = 'x' * 100 %}{% for i in range(20) %}{% set y = x * 100 %}{% endfor %}", limits, TR_ELIMIT,
		1, 59);
	exceeds("{{ ('a' * 30000)|replace('a', 'bbbb')|length }}", limits, TR_ELIMIT, 1, 18);
	exceeds("{{ range(9223372036854775807)|list }}", (tr_template_limits){0}, TR_ELIMIT, 1, 31);
	exceeds("{{ 'x' * 9223372036854775807 }}", (tr_template_limits){0}, TR_ELIMIT, 1, 4);
}

/* Real work is far from the defaults. */
static void defaults_are_wide(void **state)
{
	(void)state;
	check_text(
	    "{% set ns = namespace(n=0) %}{% for i in range(100000) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
	    NULL, "4999950000");
	check_text("{{ range(100000)|map('string')|join|length }}", NULL, "488890");
	/* Many lists that the template changes are found as fast as few. */
	check_text("{% set all = [] %}{% for i in range(50000) %}{% set l = [i] %}{% set _ = l.append(1) %}{% set _ = "
		   "all.append(l) %}"
		   "{% endfor %}{{ all[49999] }}{{ all|length }}",
		   NULL, "[49999, 1]50000");
}

static const char everything[] =
    "{% macro m(a, b=[1]) %}{{ a }}{{ b|join }}{{ caller() }}{{ kwargs }}{% endmacro %}"
    "{% for u in users|sort(attribute='n') if u.on %}{{ loop.index }}{{ u.n|upper }}{% else %}none{% endfor %}"
    "{% call m('x', z=1) %}in{{ users|length }}{% endcall %}{% set l = [3, 1] %}{{ l.append(2) }}{{ l|sort }}"
    "{% for g in users|groupby('on') %}{{ g.grouper }}{{ g.list|map(attribute='n')|list }}{% endfor %}"
    "{{ {'a': users}|tojson }}{{ '%s-%d' % ('a', 1) }}{{ '{:>5}'.format('x') }}{{ 'a b'.split() }}"
    "{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 %}{{ ns.x }}{% filter upper %}f{{ 1 ~ 2 }}{% endfilter %}"
    "{{ 'a1'|regex_replace('[0-9]', 'x') }}{{ range(3)[1:]|list }}{{ dict(a=1).items() }}{{ "
    "users|unique(attribute='on')|list|length }}";
static const char more[] =
    "{{ 'a long line of words-and-hyphens'|wordwrap(9) }}{{ 'see www.example.com now'|urlize(nofollow=true, "
    "target='t') }}"
    "{{ {'a': '<', 'b': 1}|xmlattr }}{{ users|pprint }}{{ ([users[0]] * 6)|pprint }}{{ '{:{w},} {!r}'.format(12345, "
    "'x', w=9) }}"
    "{{ 'k=v'|regex_search('(k)=(v)', '\\\\1', '\\\\2') }}{{ [1, 2, 3]|batch(2, 0) }}{{ [1, 2, 3]|slice(2) }}"
    "{{ users|sort(attribute='on,n', reverse=true)|map(attribute='n')|join('-') }}{{ users|sum(attribute='x', start=0) "
    "if false }}"
    "{% for x in [1, [2, [3]]] recursive %}{{ loop(x) if x is sequence else x }}{% endfor %}{{ '<'|e ~ '&' }}{{ "
    "('<'|e) + '&' }}"
    "{{ '{\"q\": [1, 2]}'|fromjson }}{{ 'x'|b64encode|b64decode }}{{ 'x y z'|truncate(4, leeway=0) }}{{ 'a\nb'|indent "
    "}}"
    "{{ '<b>x</b> &amp;'|striptags }}{{ {'b': 1, 'A': 2}|dictsort }}{{ {'x y': 1}|urlencode }}{{ 'a,b'.rsplit(',', 1) "
    "}}"
    "{% set d = {'a': 1} %}{{ d.update(b=2) }}{{ d.pop('a') }}{{ d }}{% set q = [1, 2, 3] %}{{ q.pop(0) }}{{ "
    "q.insert(1, 9) }}{{ q.sort() }}{{ q }}"
    "{{ 'x'.join(['a', 'b']) }}{{ 'Title case'.title() }}{{ 'éa'.upper() }}{{ '%(a)s %5.1f' % {'a': 1} if false }}{{ "
    "(1, 2) + (3,) }}"
    "{% macro k(a, b='d') %}{{ a }}{{ b }}{{ varargs }}{% endmacro %}{{ k(*[1, 2, 3]) }}{{ k(**{'a': 1}) }}{{ "
    "[users[0].n, 'q'][::-1] }}"
    "{% with a = 1, b = [2] %}{{ a }}{{ b }}{% endwith %}{% set z | upper %}zz{% endset %}{{ z }}{% for k, v in {'m': "
    "1}.items() %}{{ k }}{{ v }}{% endfor %}"
    "{{ cycler('a', 'b').next() }}{{ joiner('x')() }}{{ 'a'.partition('b') }}{{ now('%Y')|length }}{{ 'abc'|list }}{{ "
    "'a-b'|regex_replace('(a)', '\\\\1x') }}";
static const char users[] =
    "{\"users\": [{\"n\": \"b\", \"on\": true}, {\"n\": \"A\", \"on\": false}, {\"n\": \"c\", \"on\": true}]}";

/* Whatever allocation fails, the evaluation says so and nothing is left behind. */
static void fail_in_turn(const char *template)
{
	tr_value context = tr_json_read(tr_s(users), NULL, NULL);
	tr_scope scope = tr_scope_of_map(&context);
	tr_template_error error;
	bool failed = true;
	int64_t before = tr_test_live_blocks();

	for (int64_t n = 0; failed; n++) {
		tr_value v = tr_absent();
		assert_true(n < 20000);
		tr_test_fail_alloc(n);
		tr_template *t = tr_template_compile(tr_s(template), NULL, &error);
		if (t != NULL)
			v = tr_template_eval(t, &scope, NULL, &error);
		failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (failed && tr_is_valid(v))
			fail_msg("allocation %lld failed, but the template gave: %s", (long long)n, tr_as_cstr(v, "?"));
		if (!failed && !tr_is_valid(v))
			fail_msg("%u:%u: %s", error.line, error.column, error.message);
		if (failed)
			assert_int_not_equal(error.err, TR_OK);
		tr_drop(v);
		tr_template_free(&t);
		if (tr_test_live_blocks() != before)
			fail_msg("allocation %lld failed and %lld blocks were left", (long long)n,
				 (long long)(tr_test_live_blocks() - before));
	}
	tr_drop(context);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	fail_in_turn(everything);
	fail_in_turn(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(source),
	    cmocka_unit_test(nesting),
	    cmocka_unit_test(the_stack_of_an_actor),
	    cmocka_unit_test(objects_that_hold_objects),
	    cmocka_unit_test(long_chains),
	    cmocka_unit_test(recursion),
	    cmocka_unit_test(output),
	    cmocka_unit_test(instructions),
	    cmocka_unit_test(long_lists_and_objects),
	    cmocka_unit_test(memory),
	    cmocka_unit_test(defaults_are_wide),
	    cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
