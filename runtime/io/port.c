/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a port on the loop, and what ties it to its owner. */
#include <signal.h>

#include "runtime/io/outlet.h"

/* ---- table ---- */

static struct port **bucket(struct reactor *r, uint64_t id)
{
	return &r->ports[(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (r->n_buckets - 1)];
}

/* Twice the buckets; without memory the chains just get longer. */
static void table_grow(struct reactor *r)
{
	size_t n = r->n_buckets;
	struct port **old = r->ports, **bigger = tr_alloc(n * 2 * sizeof(*bigger));

	if (bigger == NULL)
		return;
	r->ports = bigger;
	r->n_buckets = n * 2;
	for (size_t i = 0; i < n; i++) {
		for (struct port *p = old[i], *next; p != NULL; p = next) {
			next = p->next;
			struct port **to = bucket(r, p->id);
			p->next = *to;
			*to = p;
		}
	}
	tr_free(old);
}

static void table_remove(struct port *p)
{
	struct port **at = bucket(p->reactor, p->id);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->reactor->n_ports--;
}

struct port *port_find(struct reactor *r, uint64_t id)
{
	struct port *p = *bucket(r, id);

	while (p != NULL && p->id != id)
		p = p->next;
	return p;
}

struct port *request_port(struct request *q, uint64_t id)
{
	struct port *p = port_find(q->reactor, id);

	if (p != NULL && !p->closing)
		return p;
	request_answer(q, TR_ECLOSED, tr_nil());
	return NULL;
}

tr_value port_ref(const struct port *p)
{
	return tr_ref_value((tr_ref){p->id});
}

/* ---- life ---- */

struct port *port_new(struct reactor *r, enum port_kind kind, struct hold *hold, tr_pid owner)
{
	struct port *p = tr_alloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->reactor = r;
	p->kind = kind;
	p->hold = hold;
	p->id = hold->id;
	p->owner = owner;
	for (int i = 0; i < CHANNELS; i++)
		p->channels[i].port = p;
	if (r->n_ports >= r->n_buckets)
		table_grow(r);
	struct port **to = bucket(r, p->id);
	p->next = *to;
	*to = p;
	r->n_ports++;
	return p;
}

/* The owner's hold goes with its closing: the owner must forget it, so its last closer gets it. */
static void answer_closers(struct port *p)
{
	struct request *q;

	while ((q = request_list_take(&p->closers)) != NULL) {
		if (q->pid.bits == p->owner.bits) {
			q->pointer = p->hold;
			p->hold = NULL;
		}
		request_answer(q, TR_OK, tr_nil());
	}
}

static void port_free_when_done(struct port *p)
{
	if (!p->closing || p->handles > 0 || p->running)
		return;
	table_remove(p);
	answer_closers(p);
	frames_fini(&p->frames);
	tr_drop(p->kept);
	tr_free(p);
}

void port_handle_closed(struct port *p)
{
	p->handles--;
	port_free_when_done(p);
}

static void refuse_all(struct request_list *list)
{
	struct request *q;

	while ((q = request_list_take(list)) != NULL)
		request_answer(q, TR_ECLOSED, tr_nil());
}

void port_close(struct port *p, int64_t grace_ns)
{
	if (p->closing) {
		/* A second close may only shorten what the first one grants. */
		if (grace_ns == 0 && p->running)
			process_signal(p, SIGKILL);
		return;
	}
	p->closing = true;
	refuse_all(&p->receivers);
	refuse_all(&p->acceptors);
	p->handles++; /* this function's own */
	if (p->kind == PORT_PROCESS)
		process_closing(p, grace_ns);
	else
		channel_close(&p->channels[CHANNEL_MAIN]);
	port_handle_closed(p);
}

void ports_close_all(struct reactor *r)
{
	for (size_t i = 0; i < r->n_buckets; i++) {
		for (struct port *p = r->ports[i], *next; p != NULL; p = next) {
			next = p->next;
			port_close(p, 0);
		}
	}
}

/* ---- channels ---- */

void channel_opened(struct port *p, struct channel *c)
{
	c->open = true;
	c->uv.handle.data = c;
	p->handles++;
}

static void on_channel_closed(uv_handle_t *handle)
{
	port_handle_closed(((struct channel *)handle->data)->port);
}

void channel_close(struct channel *c)
{
	if (!c->open)
		return;
	c->open = false;
	c->reading = false;
	if (c == c->port->in)
		outlet_close(c->port);
	uv_close(&c->uv.handle, on_channel_closed);
}

/* ---- holds ---- */

static void owner_ended(struct task *task)
{
	struct hold *hold = IO_OUTER(task, struct hold, task);
	struct port *p = port_find(hold->reactor, hold->id);

	if (p != NULL && p->hold == hold) {
		p->hold = NULL;
		port_close(p, 0);
	}
	tr_free(hold);
}

void hold_orphaned(void *arg)
{
	struct hold *hold = arg;

	hold->task.run = owner_ended;
	reactor_post(hold->reactor, &hold->task);
}

struct hold *hold_new_for(const char *what, tr_err *err)
{
	struct reactor *r = reactor_here(what, err);

	if (r == NULL)
		return NULL;
	struct hold *hold = tr_alloc(sizeof(*hold));
	if (hold == NULL) {
		*err = TR_ENOMEM;
		return NULL;
	}
	hold->reactor = r;
	hold->id = tr_make_ref().bits;
	*err = tr_own(hold, hold_orphaned);
	return *err == TR_OK ? hold : NULL;
}

void hold_end(struct hold *hold)
{
	if (hold != NULL && tr_disown(hold))
		tr_free(hold);
}
