/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Routing and the end": what arcs lead where, checked against a naive search. */
#include "model_kit.h"

static void fan_out_and_in(void **state)
{
	(void)state;
	playbook *p =
	    load_steps("  - step: a\n    spec: { next_mode: inclusive }\n    next: [b, c]\n"
		       "  - step: b\n    next: d\n  - step: c\n    next: [d, { step: d, when: \"{{ 1 }}\" }]\n"
		       "  - step: d\n    tool: { kind: noop }\n");
	const pb_step *d = &p->steps[3];
	assert_int_equal(d->incoming_count, 2); /* two arcs from c count once */
	assert_int_equal(d->incoming[0], 1);
	assert_int_equal(d->incoming[1], 2);
	assert_int_equal(p->steps[0].incoming_count, 0);
	playbook_free(&p);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void search(const playbook *p, uint32_t at, bool *seen)
{
	seen[at] = true;
	for (size_t k = 0; k < p->steps[at].arc_count; k++) {
		if (!seen[p->steps[at].arcs[k].to])
			search(p, p->steps[at].arcs[k].to, seen);
	}
}

static bool has_arc(const playbook *p, uint32_t from, uint32_t to)
{
	for (size_t k = 0; k < p->steps[from].arc_count; k++) {
		if (p->steps[from].arcs[k].to == to)
			return true;
	}
	return false;
}

static size_t count_said(const diagnostics *d, const char *code, const char *name)
{
	char quoted[32];
	size_t n = 0;
	snprintf(quoted, sizeof quoted, "'%s'", name);
	for (size_t i = 0; i < d->count; i++)
		n += strcmp(d->items[i].code, code) == 0 && strstr(d->items[i].message, quoted) != NULL;
	return n;
}

static void generated_graphs_agree_with_a_search(void **state)
{
	(void)state;
	uint64_t seed = 4711;
	for (int round = 0; round < 60; round++) {
		uint32_t n = 1 + (uint32_t)(next_random(&seed) % 90);
		tr_buf text = {0};
		diagnostics d;
		tr_buf_puts(&text, HEAD "workflow:\n");
		for (uint32_t i = 0; i < n; i++) {
			tr_buf_putf(&text, "  - step: s%u\n    tool: { kind: noop }\n    next: [", (unsigned)i);
			for (uint64_t k = next_random(&seed) % 3; k > 0; k--)
				tr_buf_putf(&text, "s%u, ", (unsigned)(next_random(&seed) % n));
			tr_buf_puts(&text, "]\n");
		}
		diagnostics_init(&d, "test.yaml");
		playbook *p = playbook_load("test.yaml", tr_buf_str(&text), NULL, &d);
		assert_non_null(p);
		bool seen[128] = {0};
		search(p, 0, seen);
		for (uint32_t i = 0; i < n; i++) {
			size_t sources = 0;
			for (uint32_t k = 0; k < n; k++)
				sources += has_arc(p, k, i);
			assert_int_equal(p->steps[i].incoming_count, sources);
			for (size_t k = 0; k < sources; k++)
				assert_true(has_arc(p, p->steps[i].incoming[k], i));
			char name[16];
			snprintf(name, sizeof name, "s%u", (unsigned)i);
			assert_int_equal(count_said(&d, "unreachable-step", name), !seen[i]);
		}
		playbook_free(&p);
		diagnostics_fini(&d);
		tr_buf_fini(&text);
	}
}

static void chain(tr_buf *text, int from, int to)
{
	for (int i = from; i < to; i++)
		tr_buf_putf(text, "- {step: s%d, tool: {kind: noop}, next: s%d}\n", i, i + 1);
}

static void long_chains_are_no_trouble(void **state)
{
	(void)state;
	tr_buf text = {0};
	tr_buf_puts(&text, HEAD "workflow:\n");
	chain(&text, 0, 100000);
	tr_buf_puts(&text, "- {step: s100000, tool: {kind: noop}}\n");
	playbook *p = load(text.p);
	assert_int_equal(p->step_count, 100001);
	assert_int_equal(p->steps[100000].incoming_count, 1);
	assert_int_equal(p->steps[100000].incoming[0], 99999);
	playbook_free(&p);
	for (int i = 100001; i < 200001; i++)
		tr_buf_putf(&text, "- {step: s%d, tool: {kind: noop}}\n", i);
	assert_refused_with(text.p, NULL, "too-many-steps", 5);
	tr_buf_fini(&text);
}

/* Branches may meet at as many steps as there are. */
static void joins_are_as_many_as_steps(void **state)
{
	(void)state;
	tr_buf text = {0};
	tr_buf_puts(&text, HEAD "workflow:\n");
	for (int i = 0; i < 100000; i += 2)
		tr_buf_putf(&text,
			    "- {step: s%d, spec: {next_mode: inclusive}, next: [s%d, s%d]}\n- {step: s%d, next: s%d}\n",
			    i, i + 1, i + 2, i + 1, i + 2);
	tr_buf_puts(&text, "- {step: s100000, tool: {kind: noop}}\n");
	playbook *p = load(text.p);
	assert_int_equal(p->step_count, 100001);
	assert_int_equal(p->steps[100000].incoming_count, 2);
	playbook_free(&p);
	tr_buf_fini(&text);
}

static void modes_and_no_match(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    next: { spec: { mode: inclusive, on_no_match: error }, arcs: [b] }\n"
				 "  - step: b\n    spec: { next_mode: inclusive }\n    next: [a]\n");
	assert_true(p->steps[0].inclusive);
	assert_true(p->steps[0].no_match_is_error);
	assert_true(p->steps[1].inclusive);
	assert_false(p->steps[1].no_match_is_error);
	playbook_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fan_out_and_in),
	    cmocka_unit_test(generated_graphs_agree_with_a_search),
	    cmocka_unit_test(long_chains_are_no_trouble),
	    cmocka_unit_test(joins_are_as_many_as_steps),
	    cmocka_unit_test(modes_and_no_match),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
