/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state machine: a door with a code lock, as a gen_statem with a function for each state. Wrong digits are forgotten
 * after a while (an event time-out), an open door locks itself (a state time-out), three wrong codes block it (a state
 * of its own, where digits are postponed until it is over).
 *
 *     code_lock [--virtual]
 */
#include <stdio.h>
#include <string.h>

#include <troupe/sim.h>
#include <troupe/troupe.h>

#define CODE     "4711"
#define OPEN_FOR (500 * TR_MS)
#define BLOCKED  (800 * TR_MS)

struct door {
	char typed[sizeof CODE];
	int wrong;
};

static tr_step door_init(tr_machine *m, void *data, tr_value arg)
{
	(void)m, (void)data, (void)arg;
	return tr_next_state(tr_string("locked"));
}

/* In every state: who asks is told which it is. */
static tr_step other(tr_machine *m, const tr_event *event)
{
	if (event->type == TR_EVENT_CALL)
		tr_reply(event->from, tr_keep(tr_state_of(m)));
	return tr_keep_state();
}

static tr_step check_code(struct door *door)
{
	bool right = strcmp(door->typed, CODE) == 0;

	door->typed[0] = 0;
	door->wrong = right ? 0 : door->wrong + 1;
	if (right)
		return tr_next_state(tr_string("open"));
	return door->wrong == 3 ? tr_next_state(tr_string("blocked")) : tr_keep_state();
}

static tr_step locked(tr_machine *m, void *data, const tr_event *event)
{
	struct door *door = data;
	size_t n = strlen(door->typed);

	if (event->type == TR_EVENT_ENTER)
		printf("  locked\n");
	if (event->type == TR_EVENT_TIMEOUT) { /* nobody typed for a second */
		door->typed[0] = 0;
		return tr_keep_state();
	}
	if (event->type != TR_EVENT_CAST)
		return other(m, event);
	door->typed[n] = tr_as_cstr(event->content, "?")[0];
	door->typed[n + 1] = 0;
	if (n + 1 == strlen(CODE))
		return check_code(door);
	tr_event_timeout(m, TR_SECOND, tr_nil());
	return tr_keep_state();
}

static tr_step open_door(tr_machine *m, void *data, const tr_event *event)
{
	(void)data;
	if (event->type == TR_EVENT_ENTER) {
		printf("  open\n");
		tr_state_timeout(m, OPEN_FOR, tr_nil());
		return tr_keep_state();
	}
	if (event->type == TR_EVENT_STATE_TIMEOUT)
		return tr_next_state(tr_string("locked"));
	return other(m, event);
}

static tr_step blocked(tr_machine *m, void *data, const tr_event *event)
{
	struct door *door = data;

	if (event->type == TR_EVENT_ENTER) {
		printf("  blocked: three wrong codes\n");
		tr_state_timeout(m, BLOCKED, tr_nil());
		return tr_keep_state();
	}
	if (event->type == TR_EVENT_STATE_TIMEOUT) {
		door->wrong = 0;
		return tr_next_state(tr_string("locked"));
	}
	if (event->type == TR_EVENT_CAST) {
		tr_postpone(m); /* they come again once the door is locked */
		return tr_keep_state();
	}
	return other(m, event);
}

static const tr_state states[] = {{"locked", locked}, {"open", open_door}, {"blocked", blocked}};
static const tr_gen_statem door = {.name = "door",
				   .data_size = sizeof(struct door),
				   .init = door_init,
				   .states = states,
				   .state_count = 3,
				   .enter_calls = true};

static void type(tr_pid pid, const char *digits)
{
	printf("%s\n", digits);
	for (; *digits != 0; digits++)
		tr_cast(pid, tr_string((char[]){*digits, 0}));
}

/* The state of the door must be this. */
static void expect(tr_pid pid, const char *state)
{
	tr_value is = tr_call(pid, tr_nil(), tr_in(20 * TR_SECOND));

	if (!tr_str_is(tr_as_str(is), state))
		tr_exitf("the door is %s, not %s", tr_as_cstr(is, "gone"), state);
	tr_drop(is);
}

static void somebody(tr_value arg)
{
	tr_pid pid = tr_gen_statem_start_link(&door, tr_nil(), NULL, TR_FOREVER).pid;

	(void)arg;
	type(pid, "1234");
	expect(pid, "locked");
	type(pid, CODE);
	expect(pid, "open");
	tr_sleep_until(tr_in(2 * OPEN_FOR));
	expect(pid, "locked");
	type(pid, "0000"
		  "1111"
		  "2222");
	expect(pid, "blocked");
	type(pid, CODE); /* too early, but not lost */
	expect(pid, "blocked");
	tr_sleep_until(tr_in(BLOCKED + OPEN_FOR / 2));
	tr_stop(pid, TR_A(normal), tr_in(20 * TR_SECOND));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "--virtual") == 0) { /* where no time passes but what is waited for */
		tr_sim_result r = tr_sim_run(1, NULL, somebody, tr_nil());
		fputs(r.text, stderr);
		return r.verdict == TR_SIM_FINISHED ? 0 : 1;
	}
	tr_value reason = tr_run(NULL, somebody, tr_nil());
	bool well = TR_IS_A(reason, normal);
	tr_drop(reason);
	return well ? 0 : 1;
}
