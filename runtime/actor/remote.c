/* SPDX-License-Identifier: Apache-2.0 */
/* Signals between nodes. The format of a frame is in remote_frame.h. */
#include "runtime/actor/remote.h"

#include <string.h>

#include <troupe/codec.h>

#include "runtime/actor/mailbox.h"
#include "runtime/actor/remote_frame.h"

uint8_t tr_node_id(const tr_node *node)
{
	return node->id;
}

/* ---- sending ------------------------------------------------------------------------------------------------------
 */

/* Not TR_OK: TR_ETYPE and the like when it cannot be written, TR_ECLOSED when there is no way. */
static tr_err carry(struct sched *s, uint8_t to, const struct frame *f)
{
	tr_buf bytes = {0};
	tr_err err = TR_ECLOSED;
	if (s->node->transport.send == NULL)
		return err;
	frame_write(&bytes, f);
	err = bytes.err;
	if (err == TR_OK) {
		tr_frame out = {.from = s->node->id,
				.to = to,
				.payload = f->kind == FRAME_NAMED || f->kind == ENV_MESSAGE || f->kind == ENV_CALL ||
					   f->kind == ENV_REPLY,
				.actor = f->to,
				.bytes = tr_buf_str(&bytes)};
		if (s->node->transport.send(s->node->transport.arg, &out) != TR_OK)
			err = TR_ECLOSED;
	}
	tr_buf_fini(&bytes);
	return err;
}

/* What became of a message: as with nobody there, losing it is no error. */
static tr_err settle(struct sched *s, tr_err err)
{
	if (err != TR_OK)
		stat_add(&s->stats.dead, 1);
	return err == TR_ECLOSED ? TR_OK : err;
}

tr_err remote_send(struct sched *s, tr_pid to, tr_value message)
{
	struct frame f = {.kind = ENV_MESSAGE, .to = to, .value = message};
	tr_err err = settle(s, carry(s, tr_pid_node(to), &f));
	tr_drop(message);
	return err;
}

tr_err tr_send_name_at(uint8_t node, const char *name, tr_value message)
{
	struct sched *s = sched_self();
	if (s == NULL || name == NULL || node == 0 || !tr_is_valid(message)) {
		tr_drop(message);
		return s == NULL ? TR_ENOTACTOR : TR_EINVAL;
	}
	if (node == s->node->id) {
		tr_err err = tr_send_name(name, message);
		return err == TR_ENOPROC ? TR_OK : err;
	}
	stat_add(&s->stats.sent, 1);
	tr_value pair = TR_LIST(tr_string(name), message);
	if (!tr_is_valid(pair))
		return settle(s, tr_value_err(pair));
	struct frame f = {.kind = FRAME_NAMED, .value = pair};
	tr_err err = settle(s, carry(s, node, &f));
	tr_drop(pair);
	return err;
}

/* There is no way to `far`: what asks for an answer gets one. */
static void answer_for_far(struct sched *s, tr_pid far, const struct signal_spec *spec, tr_err err)
{
	switch (spec->kind) {
	case ENV_CALL:
		if (err != TR_ECLOSED) { /* the request cannot travel: tr_call gives this error */
			signal_send(
			    s, spec->from,
			    (struct signal_spec){
				.kind = ENV_REPLY, .flags = ENV_CLEARED, .ref = spec->ref, .value = tr_invalid(err)});
			stat_add(&s->stats.sent, 1);
			break;
		}
		/* fall through */
	case ENV_MONITOR:
		signal_send(
		    s, spec->from,
		    (struct signal_spec){.kind = ENV_DOWN, .from = far, .ref = spec->ref, .value = TR_A(noconnection)});
		break;
	case ENV_LINK:
		signal_send(s, spec->from,
			    (struct signal_spec){.kind = ENV_LINK_EXIT, .from = far, .value = TR_A(noconnection)});
		break;
	case ENV_UNLINK:
		signal_send(s, spec->from, (struct signal_spec){.kind = ENV_UNLINK_ACK, .from = far, .id = spec->id});
		break;
	case ENV_INTERRUPT:
		spec->fn(spec->arg, false);
		break;
	default:
		break;
	}
}

/* What goes in place of a reason or reply that cannot travel. */
static tr_value stand_in(const struct signal_spec *spec, tr_err err)
{
	if (spec->kind == ENV_REPLY)
		return tr_invalid(err);
	tr_buf text = {0};
	tr_show(&text, spec->value, 256);
	return TR_LIST(tr_atom("not_portable"), tr_string_buf(&text));
}

void remote_signal(struct sched *s, tr_pid to, struct signal_spec *spec)
{
	struct frame f = {.kind = (uint8_t)spec->kind,
			  .flags = spec->flags & ENV_CLEARED,
			  .id = spec->id,
			  .from = spec->from,
			  .to = to,
			  .ref = spec->ref,
			  .value = spec->value};
	tr_err err = spec->kind == ENV_INTERRUPT ? TR_ECLOSED : carry(s, tr_pid_node(to), &f);
	for (uint32_t tries = 0; err == TR_ENOMEM; err = carry(s, tr_pid_node(to), &f))
		wait_for_memory(&tries);
	if (err != TR_OK && err != TR_ECLOSED && spec->kind != ENV_CALL) {
		f.value = stand_in(spec, err);
		if (!tr_is_valid(f.value) && spec->kind != ENV_REPLY)
			f.value = TR_A(enomem);
		for (uint32_t tries = 0; (err = carry(s, tr_pid_node(to), &f)) == TR_ENOMEM;)
			wait_for_memory(&tries);
		tr_drop(f.value);
	}
	if (err != TR_OK) {
		if (spec->kind == ENV_CALL || spec->kind == ENV_REPLY)
			stat_add(&s->stats.dead, 1);
		answer_for_far(s, to, spec, err);
	}
	tr_drop(spec->value);
}

/* ---- arriving -----------------------------------------------------------------------------------------------------
 */

static void deliver_named(struct sched *s, tr_value pair)
{
	const char *name = tr_as_cstr(tr_array_at(pair, 0), "");
	tr_pid to = registry_find(s->node, name);
	stat_add(&s->stats.sent, (uint64_t)-1); /* counted where it was sent */
	(void)mailbox_send(s, to, tr_keep(tr_array_at(pair, 1)), false);
	tr_drop(pair);
}

static void deliver(struct sched *s, const struct frame *f)
{
	if (f->kind == FRAME_NAMED) {
		deliver_named(s, f->value);
	} else if (f->kind == ENV_MESSAGE) {
		stat_add(&s->stats.sent, (uint64_t)-1);
		(void)mailbox_send(s, f->to, f->value, false);
	} else {
		signal_send(s, f->to,
			    (struct signal_spec){.kind = (enum envelope_kind)f->kind,
						 .flags = (uint8_t)(f->flags | ENV_REMOTE),
						 .id = f->id,
						 .from = f->from,
						 .ref = f->ref,
						 .value = f->value});
	}
}

static bool is_ours(const tr_node *node, const struct frame *f)
{
	bool here = f->kind == FRAME_NAMED || tr_pid_node(f->to) == node->id;
	bool sender = f->kind == FRAME_NAMED || f->kind == ENV_MESSAGE || f->kind == ENV_REPLY || f->kind == ENV_EXIT;
	/* Links, monitors and calls are answered to whoever asks: that must not be one of ours. */
	return here && ((sender && f->from.bits == 0) || node_is_foreign(node, f->from));
}

tr_err tr_node_deliver(tr_node *node, tr_str bytes)
{
	struct frame f;
	tr_err err = frame_read(bytes, &f);
	if (err != TR_OK)
		return err;
	if (!is_ours(node, &f)) {
		tr_drop(f.value);
		return TR_EINVAL;
	}
	struct sched *s = node_enter(node);
	deliver(s, &f);
	node_leave(node, s);
	return TR_OK;
}

/* ---- a connection is lost -----------------------------------------------------------------------------------------
 */

tr_err tr_node_lost(tr_node *node, uint8_t peer)
{
	if (peer == 0 || peer == node->id)
		return TR_EINVAL;
	struct sched *s = node_enter(node);
	spin_lock(&node->actors.lock);
	uint32_t slots = node->actors.bump;
	spin_unlock(&node->actors.lock);
	for (uint32_t i = 0; i < slots; i++) {
		struct actor *a = slab_at(&node->actors, i);
		tr_pid pid = a == NULL ? (tr_pid){0} : actor_pid(a);
		if (pid.bits != 0)
			signal_send(s, pid, (struct signal_spec){.kind = ENV_LOST, .id = peer});
	}
	node_leave(node, s);
	return TR_OK;
}

/* The signal that the far actor would have sent if it could; false: the relation has nothing to do with `peer`. */
static bool as_if_sent(const struct relation *e, uint8_t peer, struct signal *sig)
{
	bool by_key = e->kind == REL_LINK || e->kind == REL_UNLINKING;
	tr_pid far = {by_key ? e->key : e->peer};
	sig->env = (struct envelope){.value = TR_A(noconnection)};
	sig->from = far;
	sig->ref = (tr_ref){by_key ? 0 : e->key};
	if (e->kind == REL_ALIAS || e->kind == REL_NONE || tr_pid_node(far) != peer)
		return false;
	switch ((enum relation_kind)e->kind) {
	case REL_LINK:
		sig->env.kind = ENV_LINK_EXIT;
		break;
	case REL_UNLINKING:
		sig->env.kind = ENV_UNLINK_ACK;
		sig->env.id = (uint16_t)e->peer;
		break;
	case REL_MONITOR:
		sig->env.kind = ENV_DOWN;
		break;
	default:
		sig->env.kind = ENV_DEMONITOR;
		break;
	}
	return true;
}

void remote_lost(struct sched *s, struct actor *a, uint8_t peer)
{
	struct wait *w = a->wait;
	if (w != NULL && w->kind == WAIT_CALL && tr_pid_node(w->to) == peer && !w->replied && !w->down) {
		w->down = true;
		w->value = TR_A(noconnection);
	}
	/* Each of these signals removes the relation it is made from. */
	for (uint32_t i = 0; a->relations != NULL && i < a->relations->capacity;) {
		struct signal like;
		uint32_t capacity = a->relations->capacity;
		if (!as_if_sent(&a->relations->at[i], peer, &like)) {
			i++;
			continue;
		}
		struct signal *sig = signal_new(s);
		*sig = like;
		signal_handle(s, a, sig);
		if (a->relations != NULL && a->relations->capacity != capacity)
			i = 0;
	}
}
