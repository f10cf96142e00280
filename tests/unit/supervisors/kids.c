/* SPDX-License-Identifier: Apache-2.0 */
/* Children for supervisor tests. */
#include "tests/unit/supervisors/kids.h"

#include <string.h>

struct kid {
	tr_pid test;
	tr_value id;
	enum kid_kind kind;
};

static void kid_tell(const struct kid *k, const char *what, tr_value v)
{
	tr_send(k->test, TR_LIST(tr_string(what), tr_keep(k->id), v));
}

static void kid_free(void *state)
{
	tr_drop(((struct kid *)state)->id);
}

/* arg: [test, id, kind] */
static tr_next kid_init(void *state, tr_value arg)
{
	struct kid *k = state;

	k->test = tr_as_pid(tr_array_at(arg, 0));
	k->id = tr_keep(tr_array_at(arg, 1));
	k->kind = (enum kid_kind)tr_as_int(tr_array_at(arg, 2), 0);
	if (tr_own(k, kid_free) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	if (k->kind == KID_REFUSES || (k->kind == KID_SICKLY && tr_whereis("sick").bits != 0)) {
		kid_tell(k, "refused", tr_nil());
		return tr_next_stop(tr_string("no"));
	}
	if (k->kind == KID_POLITE || k->kind == KID_DEAF || k->kind == KID_LEAVES)
		tr_trap_exit(true);
	kid_tell(k, "up", tr_pid_value(tr_self()));
	return tr_noreply();
}

static tr_next kid_cast(void *state, tr_value reason)
{
	(void)state;
	tr_exit(tr_keep(reason));
}

static tr_next kid_info(void *state, tr_value message)
{
	(void)state;
	(void)message;
	return tr_noreply();
}

static void kid_terminate(void *state, tr_value reason)
{
	struct kid *k = state;

	if (k->kind == KID_DEAF) {
		kid_tell(k, "deaf", tr_nil());
		tr_drop(tr_receive_ref(tr_make_ref(), TR_FOREVER));
	}
	if (k->kind == KID_POLITE)
		kid_tell(k, "down", tr_keep(reason));
	if (k->kind == KID_LEAVES && TR_IS_A(reason, shutdown))
		tr_exit(TR_A(normal));
}

const tr_gen_server kid = {
    .name = "kid",
    .state_size = sizeof(struct kid),
    .init = kid_init,
    .handle_cast = kid_cast,
    .handle_info = kid_info,
    .terminate = kid_terminate,
};

tr_child_spec kid_spec(const char *id, enum kid_kind kind, tr_restart restart)
{
	return (tr_child_spec){
	    .id = id,
	    .server = &kid,
	    .arg = TR_LIST(tr_pid_value(tr_self()), tr_string(id), tr_int((int64_t)kind)),
	    .restart = restart,
	    .shutdown_ns = 120 * TR_SECOND, /* only a busy machine makes one take long */
	};
}

static bool message_is(tr_value m, const char *what, const char *id)
{
	bool same = tr_str_is(tr_as_str(tr_array_at(m, 0)), what) && tr_str_is(tr_as_str(tr_array_at(m, 1)), id);

	if (!same) {
		tr_buf text = {0};
		tr_show(&text, m, 1000);
		fprintf(stderr, "got %s instead of %s %s\n", text.p, what, id);
		tr_buf_fini(&text);
	}
	return same;
}

tr_pid kid_up(const char *id)
{
	tr_value m = tr_receive(SOON);
	tr_pid pid = tr_as_pid(tr_array_at(m, 2));

	THAT(message_is(m, "up", id));
	tr_drop(m);
	return pid;
}

bool kid_down(const char *id, tr_value reason)
{
	return case_next_is(TR_LIST(tr_string("down"), tr_string(id), reason));
}

void kid_end(tr_pid pid, tr_value reason)
{
	tr_cast(pid, reason);
}

bool quiet(void)
{
	tr_value m = tr_receive(0);
	bool none = !tr_is_valid(m);

	if (!none)
		(void)message_is(m, "nothing", "");
	tr_drop(m);
	return none;
}

tr_pid sup_start_kids(tr_strategy strategy, uint32_t intensity, const tr_child_spec *kids, size_t n)
{
	tr_supervisor_spec spec = {
	    .strategy = strategy,
	    .intensity = intensity,
	    .period_ns = 3600 * TR_SECOND,
	    .children = kids,
	    .child_count = n,
	};

	tr_trap_exit(true);
	tr_started s = tr_supervisor_start_link(&spec);
	THAT(s.pid.bits != 0);
	return s.pid;
}

tr_value child_field(tr_pid sup, const char *id, const char *key)
{
	tr_value list = tr_supervisor_which_children(sup, SOON);
	tr_value field = tr_absent();

	THAT(tr_is_valid(list));
	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value entry = tr_array_at(list, i);
		if (tr_str_is(tr_as_str(tr_map_get_s(entry, "id")), id))
			field = tr_keep(tr_map_get_s(entry, key));
	}
	tr_drop(list);
	return field;
}

bool child_becomes(tr_pid sup, const char *id, const char *key, tr_value want)
{
	int64_t deadline = SOON;
	bool is = false;

	while (!is && tr_now() < deadline) {
		tr_value field = child_field(sup, id, key);
		is = tr_is_valid(want) ? tr_equal(field, want) : !tr_is_valid(field);
		tr_drop(field);
		tr_yield();
	}
	tr_drop(want);
	return is;
}

int64_t sup_count(tr_pid sup, const char *key)
{
	tr_value count = tr_supervisor_count_children(sup, SOON);
	int64_t n = tr_as_int(tr_map_get_s(count, key), -1);

	tr_drop(count);
	return n;
}

bool sup_ended(tr_pid sup, tr_value reason)
{
	return case_next_is(TR_LIST(TR_A(exit), tr_pid_value(sup), reason));
}

void sup_shutdown(tr_pid sup)
{
	tr_ref ref = tr_monitor(sup);

	tr_unlink(sup);
	tr_exit_signal(sup, TR_A(shutdown));
	tr_drop(case_await(ref));
}
