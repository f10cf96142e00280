/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Routing and the end": what arcs lead where, checked against a naive search. */
#include "model_kit.h"

static bool reaches(const playbook *p, uint32_t from, uint32_t to)
{
	return (p->steps[from].reaches[to / 64] >> (to % 64) & 1) != 0;
}

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
	assert_true(reaches(p, 0, 3));
	assert_true(reaches(p, 2, 3));
	assert_false(reaches(p, 1, 2));
	assert_false(reaches(p, 0, 0));
	assert_false(reaches(p, 3, 0));
	playbook_free(&p);
}

static void cycles_reach_themselves(void **state)
{
	(void)state;
	playbook *p =
	    load_steps("  - step: a\n    next: b\n  - step: b\n    next: [c, b]\n  - step: c\n    next: [a, d]\n"
		       "  - step: d\n    tool: { kind: noop }\n");
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t k = 0; k < 4; k++)
			assert_true(reaches(p, i, k));
		assert_false(reaches(p, 3, i));
	}
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
	for (size_t k = 0; k < p->steps[at].arc_count; k++) {
		uint32_t to = p->steps[at].arcs[k].to;
		if (!seen[to]) {
			seen[to] = true;
			search(p, to, seen);
		}
	}
}

static void generated_graphs_agree_with_a_search(void **state)
{
	(void)state;
	uint64_t seed = 4711;
	for (int round = 0; round < 60; round++) {
		uint32_t n = 1 + (uint32_t)(next_random(&seed) % 90);
		tr_buf text = {0};
		for (uint32_t i = 0; i < n; i++) {
			tr_buf_putf(&text, "  - step: s%u\n    tool: { kind: noop }\n    next: [", (unsigned)i);
			for (uint64_t k = next_random(&seed) % 4; k > 0; k--)
				tr_buf_putf(&text, "s%u, ", (unsigned)(next_random(&seed) % n));
			tr_buf_puts(&text, "]\n");
		}
		playbook *p = load_steps(text.p);
		for (uint32_t i = 0; i < n; i++) {
			bool seen[128] = {0};
			search(p, i, seen);
			for (uint32_t k = 0; k < n; k++)
				assert_int_equal(reaches(p, i, k), seen[k]);
			for (size_t k = 0; k < p->steps[i].incoming_count; k++)
				assert_true(reaches(p, p->steps[i].incoming[k], i));
		}
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void long_chains_are_no_trouble(void **state)
{
	(void)state;
	tr_buf text = {0};
	for (int i = 0; i < 10000; i++)
		tr_buf_putf(&text, "  - { step: s%d, tool: { kind: noop }, next: s%d }\n", i, i + 1);
	tr_buf_puts(&text, "  - { step: s10000, tool: { kind: noop } }\n");
	playbook *p = load_steps(text.p);
	assert_int_equal(p->step_count, 10001);
	assert_true(reaches(p, 0, 10000));
	assert_false(reaches(p, 10000, 0));
	playbook_free(&p);
	for (int i = 10001; i < 20001; i++)
		tr_buf_putf(&text, "  - { step: s%d, tool: { kind: noop } }\n", i);
	tr_buf whole = {0};
	tr_buf_putf(&whole, HEAD "workflow:\n%s", text.p);
	assert_refused_with(whole.p, NULL, "too-many-steps", 5);
	tr_buf_fini(&whole);
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
	    cmocka_unit_test(cycles_reach_themselves),
	    cmocka_unit_test(generated_graphs_agree_with_a_search),
	    cmocka_unit_test(long_chains_are_no_trouble),
	    cmocka_unit_test(modes_and_no_match),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
