/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chat room: a process group that people join. Whoever says something sends it to the group; an usher monitors the
 * group and announces who comes and goes, also when somebody does not leave but crashes.
 *
 *     chat_room
 */
#include <stdio.h>

#include <troupe/troupe.h>

#define ROOM "room"

static void say(const char *who, const char *text)
{
	tr_group_send(ROOM, TR_LIST(tr_atom("said"), tr_string(who), tr_string(text)));
}

static bool is_told(tr_value message, const char *tag)
{
	return tr_str_is(tr_as_str(tr_array_at(message, 0)), tag);
}

static void hear(const char *me, const char *who, const char *text)
{
	printf("%-4s hears %s: %s\n", me, who, text);
	if (tr_str_is(tr_s(text), "anybody here?"))
		say(me, "yes, me");
}

/* Somebody in the room: prints what there is to hear, and answers now and then. */
static void person(tr_value name)
{
	const char *me = tr_as_cstr(name, "");

	tr_set_label("person");
	tr_register(me, tr_self());
	tr_group_join(ROOM, tr_self());
	for (bool leaves = false; !leaves;) {
		tr_value m = tr_receive(TR_FOREVER);
		leaves = is_told(m, "leave"); /* the group notices by itself */
		if (is_told(m, "say"))
			say(me, tr_as_cstr(tr_array_at(m, 1), ""));
		else if (is_told(m, "said"))
			hear(me, tr_as_cstr(tr_array_at(m, 1), ""), tr_as_cstr(tr_array_at(m, 2), ""));
		else if (is_told(m, "stumble"))
			tr_exitf("%s tripped over a cable", me);
		tr_drop(m);
	}
}

/* arg: [whom to tell when at the door, how many will leave]. The usher is not in the room, and yet knows who is: [ref,
 * join, group, [pid]] and [ref, leave, group, [pid]]. */
static void usher(tr_value arg)
{
	tr_value here = tr_absent();
	tr_ref door = tr_group_monitor(ROOM, &here);
	int64_t left = tr_as_int(tr_array_at(arg, 1), 0);

	printf("usher: %zu in the room\n", tr_array_len(here));
	tr_drop(here);
	tr_send(tr_as_pid(tr_array_at(arg, 0)), TR_A(start)); /* the doors may be opened */
	while (left > 0) {
		tr_value m = tr_receive(TR_FOREVER);
		bool joined = tr_str_is(tr_as_str(tr_array_at(m, 1)), "join");
		printf("usher: somebody %s\n", joined ? "came in" : "left");
		left -= !joined;
		tr_drop(m);
	}
	tr_group_demonitor(door);
}

static void await_people(size_t n)
{
	for (size_t there = 0; there < n; tr_yield()) {
		tr_value members = tr_group_members(ROOM);
		there = tr_array_len(members);
		tr_drop(members);
	}
}

static void evening(tr_value arg)
{
	static const char *const names[] = {"ada", "bob", "cyd"};
	tr_spawned watch = tr_spawn_opt(usher, TR_LIST(tr_pid_value(tr_self()), tr_int(3)),
					&(tr_spawn_options){.monitor = true, .label = "usher"});

	(void)arg;
	tr_drop(tr_receive(tr_in(10 * TR_SECOND)));
	for (int i = 0; i < 3; i++) {
		tr_spawn(person, tr_string(names[i]));
		await_people((size_t)i + 1);
	}
	tr_send_name("ada", TR_LIST(tr_atom("say"), tr_string("anybody here?")));
	tr_sleep_until(tr_in(100 * TR_MS)); /* a pause in the conversation */
	tr_send_name("cyd", TR_LIST(tr_atom("stumble")));
	tr_sleep_until(tr_in(100 * TR_MS));
	tr_send_name("ada", TR_LIST(tr_atom("say"), tr_string("where is cyd?")));
	tr_sleep_until(tr_in(100 * TR_MS));
	tr_group_send(ROOM, TR_LIST(tr_atom("leave")));
	tr_drop(tr_receive_ref(watch.monitor, tr_in(10 * TR_SECOND)));
	printf("the room is empty\n");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tr_value reason = tr_run(NULL, evening, tr_nil());
	bool well = TR_IS_A(reason, normal);
	tr_drop(reason);
	return well ? 0 : 1;
}
