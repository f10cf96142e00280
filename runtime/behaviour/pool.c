/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of workers. */
#include <troupe/pool.h>

#include "runtime/behaviour/gen.h"

/* A borrower names its wish with a ref of its own, so that it can take it back when it gives up. */
struct wish {
	struct wish *next;
	tr_from from;
	tr_ref token;
	tr_ref watch; /* monitor of the borrower */
};

struct worker {
	tr_pid pid;
	bool lent;
	tr_ref token;
	tr_ref watch;
};

struct pool {
	tr_pool_options options; /* name is not used */
	struct worker *workers;  /* room for size + overflow */
	size_t count;
	size_t idle;
	struct wish *first; /* who waits, in order */
	struct wish *last;
	size_t waiting;
};

/* ---- workers
 * ------------------------------------------------------------------------------------------------------------ */

/* Absent, or why not. */
static tr_value worker_start(struct pool *p)
{
	tr_value arg = tr_is_valid(p->options.arg) ? tr_keep(p->options.arg) : tr_nil();
	tr_started started = tr_gen_server_start_link(p->options.worker, arg, NULL, TR_FOREVER);

	if (started.pid.bits == 0)
		return started.reason;
	p->workers[p->count++] = (struct worker){started.pid, false, {0}, {0}};
	p->idle++;
	return tr_absent();
}

static struct worker *worker_of(struct pool *p, tr_pid pid)
{
	for (size_t i = 0; i < p->count; i++) {
		if (tr_pid_eq(p->workers[i].pid, pid))
			return &p->workers[i];
	}
	return NULL;
}

static struct worker *idle_worker(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++) {
		if (!p->workers[i].lent)
			return &p->workers[i];
	}
	return NULL;
}

static void worker_forget(struct pool *p, struct worker *w)
{
	if (w->lent)
		tr_demonitor(w->watch);
	else
		p->idle--;
	*w = p->workers[--p->count];
}

static void lend(struct pool *p, struct worker *w, tr_from from, tr_ref token, tr_ref watch)
{
	w->lent = true;
	w->token = token;
	w->watch = watch;
	p->idle--;
	tr_reply(from, TR_LIST(TR_A(ok), tr_pid_value(w->pid)));
}

/* Somebody waits and there is, or may be, a worker: serve. Absent, or why a new worker did not start. */
static tr_value serve(struct pool *p)
{
	while (p->first != NULL) {
		if (p->idle == 0 && p->count < p->options.size + p->options.overflow) {
			tr_value why = worker_start(p);
			if (tr_is_valid(why))
				return why;
		}
		struct worker *w = idle_worker(p);
		if (w == NULL)
			break;
		struct wish *wish = p->first;
		p->first = wish->next;
		if (p->first == NULL)
			p->last = NULL;
		p->waiting--;
		lend(p, w, wish->from, wish->token, wish->watch);
		tr_free(wish);
	}
	return tr_absent();
}

/* A worker is idle again. One too many goes when nobody waits. */
static void take_back(struct pool *p, struct worker *w)
{
	tr_demonitor(w->watch);
	w->lent = false;
	p->idle++;
	if (p->first == NULL && p->count > p->options.size) {
		tr_unlink(w->pid);
		tr_exit_signal(w->pid, TR_A(shutdown));
		worker_forget(p, w);
	}
}

static tr_next served(struct pool *p)
{
	tr_value why = serve(p);

	return tr_is_valid(why) ? tr_next_stop(why) : tr_noreply();
}

/* Ended workers are replaced up to the pool's size. */
static tr_next refill(struct pool *p)
{
	while (p->count < p->options.size) {
		tr_value why = worker_start(p);
		if (tr_is_valid(why))
			return tr_next_stop(why);
	}
	return served(p);
}

/* ---- wishes
 * -------------------------------------------------------------------------------------------------------------- */

static tr_next checkout(struct pool *p, tr_value token, tr_from from)
{
	bool at_once = p->idle > 0 || p->count < p->options.size + p->options.overflow;

	if (!at_once && p->options.max_waiting > 0 && p->waiting >= p->options.max_waiting)
		return tr_next_reply(TR_LIST(TR_A(error), tr_int(TR_EFULL)));
	struct wish *wish = tr_alloc(sizeof(*wish));
	if (wish == NULL)
		return tr_next_reply(TR_LIST(TR_A(error), tr_int(TR_ENOMEM)));
	wish->from = from;
	wish->token = tr_as_ref(token);
	wish->watch = tr_monitor(from.pid);
	if (p->last != NULL)
		p->last->next = wish;
	else
		p->first = wish;
	p->last = wish;
	p->waiting++;
	return served(p);
}

/* Take the wish out whose token or monitor this is. */
static bool forget_wish(struct pool *p, tr_ref ref)
{
	struct wish *before = NULL;

	for (struct wish *w = p->first; w != NULL; before = w, w = w->next) {
		if (!tr_ref_eq(w->token, ref) && !tr_ref_eq(w->watch, ref))
			continue;
		if (before != NULL)
			before->next = w->next;
		else
			p->first = w->next;
		if (p->last == w)
			p->last = before;
		p->waiting--;
		tr_demonitor(w->watch);
		tr_free(w);
		return true;
	}
	return false;
}

/* A borrower gave up or ended: its wish, or the worker it held, is free. */
static tr_next forget_borrower(struct pool *p, tr_ref ref)
{
	if (forget_wish(p, ref))
		return tr_noreply();
	for (size_t i = 0; i < p->count; i++) {
		struct worker *w = &p->workers[i];
		if (w->lent && (tr_ref_eq(w->token, ref) || tr_ref_eq(w->watch, ref))) {
			take_back(p, w);
			return served(p);
		}
	}
	return tr_noreply();
}

/* ---- the server
 * ------------------------------------------------------------------------------------------------------------ */

static tr_next pool_call(void *state, tr_value request, tr_from from)
{
	struct pool *p = state;

	if (TR_IS_A(tr_array_at(request, 0), request))
		return checkout(p, tr_array_at(request, 1), from);
	size_t extra = p->count > p->options.size ? p->count - p->options.size : 0;
	return tr_next_reply(TR_DICT("size", tr_int((int64_t)p->options.size), "idle", tr_int((int64_t)p->idle), "lent",
				     tr_int((int64_t)(p->count - p->idle)), "overflow", tr_int((int64_t)extra),
				     "waiting", tr_int((int64_t)p->waiting)));
}

static tr_next pool_cast(void *state, tr_value request)
{
	struct pool *p = state;
	tr_value what = tr_array_at(request, 1);

	if (TR_IS_A(tr_array_at(request, 0), cancel))
		return forget_borrower(p, tr_as_ref(what));
	struct worker *w = worker_of(p, tr_as_pid(what));
	if (w == NULL || !w->lent)
		return tr_noreply();
	take_back(p, w);
	return served(p);
}

static tr_next pool_info(void *state, tr_value message)
{
	struct pool *p = state;

	if (TR_IS_A(tr_array_at(message, 0), down))
		return forget_borrower(p, tr_as_ref(tr_array_at(message, 1)));
	if (!TR_IS_A(tr_array_at(message, 0), exit))
		return tr_noreply();
	struct worker *w = worker_of(p, tr_as_pid(tr_array_at(message, 1)));
	if (w == NULL)
		return tr_noreply();
	worker_forget(p, w);
	return refill(p);
}

static void pool_free(void *state)
{
	struct pool *p = state;

	while (p->first != NULL) {
		struct wish *wish = p->first;
		p->first = wish->next;
		tr_free(wish);
	}
	tr_free(p->workers);
	tr_drop(p->options.arg);
}

static void options_free(void *data)
{
	tr_drop(((tr_pool_options *)data)->arg);
	tr_free(data);
}

static const tr_class options_class = {"pool_options", options_free};

static tr_next pool_init(void *state, tr_value arg)
{
	struct pool *p = state;
	const tr_pool_options *options = tr_as_object(arg, &options_class);

	p->options = *options;
	p->options.arg = tr_keep(options->arg);
	if (p->options.size == 0)
		p->options.size = 1;
	p->workers = tr_alloc((p->options.size + p->options.overflow) * sizeof(*p->workers));
	if (tr_own(p, pool_free) != TR_OK || p->workers == NULL)
		return tr_next_stop(TR_A(enomem));
	tr_trap_exit(true);
	return refill(p);
}

/* Workers are asked together, each is waited for. */
static void pool_terminate(void *state, tr_value reason)
{
	struct pool *p = state;

	(void)reason;
	for (size_t i = 0; i < p->count; i++)
		tr_exit_signal(p->workers[i].pid, TR_A(shutdown));
	int64_t deadline = tr_in(5 * TR_SECOND);
	for (size_t i = 0; i < p->count; i++) {
		tr_ref end = tr_monitor(p->workers[i].pid);
		tr_value down = tr_receive_ref(end, deadline);
		if (!tr_is_valid(down)) {
			tr_exit_signal(p->workers[i].pid, TR_A(kill));
			down = tr_receive_ref(end, TR_FOREVER);
		}
		tr_drop(down);
	}
}

static const tr_gen_server pool_module = {
    .name = "pool",
    .state_size = sizeof(struct pool),
    .init = pool_init,
    .handle_call = pool_call,
    .handle_cast = pool_cast,
    .handle_info = pool_info,
    .terminate = pool_terminate,
};

/* ---- clients
 * ---------------------------------------------------------------------------------------------------------------- */

tr_started tr_pool_start_link(const tr_pool_options *options, int64_t deadline)
{
	tr_spawn_options spawn = {.name = options->name, .via = options->via};
	tr_pool_options *copy = tr_alloc(sizeof(*copy));

	if (copy == NULL) {
		tr_drop(options->arg);
		return (tr_started){{0}, {0}, TR_A(enomem)};
	}
	*copy = *options;
	copy->name = NULL;
	copy->via = NULL;
	return tr_gen_server_start_link(&pool_module, tr_object(&options_class, copy), &spawn, deadline);
}

tr_err tr_pool_checkout(tr_pid pool, int64_t deadline, tr_pid *worker)
{
	tr_ref token = tr_make_ref();
	tr_value answer = tr_call(pool, TR_LIST(TR_A(request), tr_ref_value(token)), deadline);
	tr_err err = tr_value_err(answer);

	*worker = (tr_pid){0};
	if (err == TR_ETIMEOUT)
		(void)tr_cast(pool, TR_LIST(TR_A(cancel), tr_ref_value(token)));
	if (TR_IS_A(tr_array_at(answer, 0), ok))
		*worker = tr_as_pid(tr_array_at(answer, 1));
	else if (err == TR_OK)
		err = (tr_err)tr_as_int(tr_array_at(answer, 1), TR_EINVAL);
	tr_drop(answer);
	return err;
}

void tr_pool_checkin(tr_pid pool, tr_pid worker)
{
	(void)tr_cast(pool, TR_LIST(TR_A(done), tr_pid_value(worker)));
}

tr_value tr_pool_call(tr_pid pool, tr_value request, int64_t deadline)
{
	tr_pid worker;

	gen_hold(request);
	tr_err err = tr_pool_checkout(pool, deadline, &worker);
	request = gen_release(request);
	if (err != TR_OK) {
		tr_drop(request);
		return tr_invalid(err);
	}
	tr_value reply = tr_call(worker, request, deadline);
	tr_pool_checkin(pool, worker);
	return reply;
}

tr_value tr_pool_status(tr_pid pool, int64_t deadline)
{
	return tr_call(pool, TR_LIST(TR_A(status)), deadline);
}
