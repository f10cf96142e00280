/* SPDX-License-Identifier: Apache-2.0 */
/* A crowd: many actors alive, a tenth of them blocked in the middle of a handler on a parked stack; what an idle one
 * weighs; all end cleanly. (A million of them: bench/run million.) */
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/actor/kit.h"

#define CROWD 20000
#define HELD  (CROWD / 10)
#define IDLE  1
#define HOLD  2
#define STOP  3

struct member {
	int64_t n;
};

static _Atomic int64_t held, ended;

static void member_handle(void *state, tr_value m)
{
	struct member *s = state;
	int64_t what = tr_as_int(m, 0);
	if (what == STOP)
		tr_exit(TR_A(normal));
	if (what == HOLD) {
		atomic_fetch_add(&held, 1);
		what = tr_as_int(tr_receive(TR_FOREVER), 0);
		atomic_fetch_sub(&held, 1);
	}
	s->n += what;
}

static void member_terminate(void *state, tr_value reason)
{
	struct member *s = state;
	if (TR_IS_A(reason, normal) && (s->n == IDLE || s->n == 2 * IDLE))
		atomic_fetch_add(&ended, 1);
}

static const tr_behaviour member = {
    .name = "member", .state_size = sizeof(struct member), .handle = member_handle, .terminate = member_terminate};

static int64_t counter(const char *name)
{
	tr_value stats = tr_node_stats(tr_here());
	int64_t n = tr_as_int(tr_map_get_s(stats, name), -1);
	tr_drop(stats);
	return n;
}

static bool is_in_state(tr_pid pid, const char *name)
{
	tr_value info = tr_info(tr_here(), pid);
	bool is = strcmp(tr_as_cstr(tr_map_get_s(info, "state"), ""), name) == 0;
	tr_drop(info);
	return is;
}

static int64_t memory_of(tr_pid pid)
{
	tr_value info = tr_info(tr_here(), pid);
	int64_t n = tr_as_int(tr_map_get_s(info, "memory"), -1);
	tr_drop(info);
	return n;
}

static void crowd_body(tr_value arg)
{
	(void)arg;
	int64_t before = counter("actors");
	tr_pid *pids = tr_own_alloc(CROWD * sizeof *pids);
	EXPECT(pids != NULL);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = tr_spawn_behaviour(&member, tr_nil(), NULL).pid;
		EXPECT(pids[i].bits != 0);
		tr_send(pids[i], tr_int(IDLE));
		if (i % 10 == 0)
			tr_send(pids[i], tr_int(HOLD));
	}
	EVENTUALLY(atomic_load(&held) == HELD);
	EXPECT(counter("actors") == before + CROWD);
	for (int i = 0; i < CROWD; i++) {
		bool parks = i % 10 == 0;
		EVENTUALLY(is_in_state(pids[i], parks ? "parked" : "waiting"));
		EXPECT(parks ? memory_of(pids[i]) > 400 : memory_of(pids[i]) <= 400);
	}
	for (int i = 0; i < CROWD; i += 10)
		tr_send(pids[i], tr_int(IDLE));
	for (int i = 0; i < CROWD; i++)
		tr_send(pids[i], tr_int(STOP));
	EVENTUALLY(counter("actors") == before);
	EXPECT(atomic_load(&held) == 0 && atomic_load(&ended) == CROWD);
}

static void a_tenth_of_a_crowd_is_parked(void **state)
{
	(void)state;
	atomic_store(&held, 0);
	atomic_store(&ended, 0);
	kit_run(crowd_body, 2);
	assert_int_equal(atomic_load(&ended), CROWD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tenth_of_a_crowd_is_parked),
	};
	return cmocka_run_group_tests_name("kernel.crowd", tests, NULL, NULL);
}
