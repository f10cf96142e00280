/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks over the items of an array, a bounded number at once. */
#include <troupe/task.h>

#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"

#include <string.h>

#define CONCURRENCY_DEFAULT 2

struct slot {
	tr_task task;
	size_t index;
	int64_t deadline;
};

/* Owned by the actor while the stream runs, since the consumer may exit. */
struct stream {
	tr_task_fn *fn;
	tr_value items;
	tr_stream_options options;
	size_t next;        /* the next item to begin */
	struct slot *slots; /* running tasks */
	size_t running;
	tr_value *results; /* ordered: by item, absent while not there */
	size_t told;       /* ordered: results below were seen */
};

static void stream_free(void *ptr)
{
	struct stream *st = ptr;
	size_t n = tr_array_len(st->items);

	for (size_t i = 0; i < st->running; i++)
		tr_exit_signal(st->slots[i].task.pid, TR_A(kill));
	for (size_t i = 0; st->results != NULL && i < n; i++)
		tr_drop(st->results[i]);
	tr_free(st->results);
	tr_free(st->slots);
	tr_drop(st->items);
	tr_free(st);
}

/* Takes items. NULL without memory. */
static struct stream *stream_new(tr_task_fn *fn, tr_value items, const tr_stream_options *options)
{
	struct stream *st = tr_alloc(sizeof(*st));
	size_t n = tr_array_len(items);

	if (st == NULL) {
		tr_drop(items);
		return NULL;
	}
	st->fn = fn;
	st->items = items;
	if (options != NULL)
		st->options = *options;
	if (st->options.concurrency == 0)
		st->options.concurrency = CONCURRENCY_DEFAULT;
	if (st->options.concurrency > n)
		st->options.concurrency = n;
	st->slots = tr_alloc((st->options.concurrency + 1) * sizeof(*st->slots));
	st->results = tr_alloc((n + 1) * sizeof(*st->results)); /* zeroed: all absent */
	if (st->slots == NULL || st->results == NULL) {
		stream_free(st);
		return NULL;
	}
	return tr_own(st, stream_free) == TR_OK ? st : NULL;
}

/* ---- running
 * --------------------------------------------------------------------------------------------------------- */

static tr_err begin_next(struct stream *st)
{
	tr_value item = tr_array_at(st->items, st->next);
	tr_task task = tr_task_async_nolink(st->fn, tr_keep(item));

	if (task.pid.bits == 0)
		return TR_ENOMEM;
	int64_t deadline = st->options.timeout_ns > 0 ? tr_in(st->options.timeout_ns) : TR_FOREVER;
	st->slots[st->running++] = (struct slot){task, st->next++, deadline};
	return TR_OK;
}

/* Is this the reply or the end of one of our tasks? */
static bool concerns_us(void *arg, tr_value message)
{
	const struct stream *st = arg;
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));

	for (size_t i = 0; ref.bits != 0 && i < st->running; i++) {
		if (tr_ref_eq(st->slots[i].task.ref, ref))
			return true;
	}
	return false;
}

static size_t slot_of(const struct stream *st, tr_ref ref)
{
	size_t i = 0;

	while (i < st->running && !tr_ref_eq(st->slots[i].task.ref, ref))
		i++;
	return i;
}

static size_t most_urgent(const struct stream *st)
{
	size_t best = 0;

	for (size_t i = 1; i < st->running; i++) {
		if (st->slots[i].deadline < st->slots[best].deadline)
			best = i;
	}
	return best;
}

/* Wait for one task to be over; gives its result and index. */
static tr_value one_over(struct stream *st, size_t *index)
{
	size_t at = most_urgent(st);
	tr_value message = tr_receive_match(concerns_us, st, st->slots[at].deadline);
	tr_value result;

	if (!tr_is_valid(message)) {
		tr_exit_signal(st->slots[at].task.pid, TR_A(kill));
		gen_call_abandon(st->slots[at].task.ref);
		result = TR_LIST(TR_A(exit), TR_A(timeout));
	} else {
		at = slot_of(st, tr_as_ref(tr_array_at(message, 1)));
		result = TR_IS_A(tr_array_at(message, 0), reply)
			     ? TR_LIST(TR_A(ok), tr_keep(tr_array_at(message, 2)))
			     : TR_LIST(TR_A(exit), tr_keep(tr_array_at(message, 4)));
		tr_drop(message);
		kernel_call_end(st->slots[at].task.ref);
	}
	*index = st->slots[at].index;
	st->slots[at] = st->slots[--st->running];
	return result;
}

/* Show what may be shown. False: the consumer wants no more. */
static bool tell(struct stream *st, size_t index, tr_stream_fn *each, void *arg, size_t *seen)
{
	size_t n = tr_array_len(st->items);

	if (st->options.unordered) {
		++*seen;
		return each(arg, index, st->results[index]);
	}
	while (st->told < n && tr_is_valid(st->results[st->told])) {
		size_t at = st->told++;
		++*seen;
		bool more = each(arg, at, st->results[at]);
		tr_clear(&st->results[at]);
		if (!more)
			return false;
	}
	return true;
}

static tr_err run(struct stream *st, tr_stream_fn *each, void *arg, size_t *seen)
{
	size_t n = tr_array_len(st->items);
	tr_err err = TR_OK;

	while (st->next < n || st->running > 0) {
		while (err == TR_OK && st->running < st->options.concurrency && st->next < n)
			err = begin_next(st);
		if (err != TR_OK && st->running == 0)
			return err;
		err = TR_OK; /* without room for a new task, wait for one to end */
		size_t index = 0;
		tr_value result = one_over(st, &index);
		if (!tr_is_valid(result))
			return tr_value_err(result);
		st->results[index] = result;
		if (!tell(st, index, each, arg, seen))
			return TR_OK;
		if (st->options.unordered)
			tr_clear(&st->results[index]);
	}
	return TR_OK;
}

tr_err tr_task_stream(tr_task_fn *fn, tr_value items, const tr_stream_options *options, tr_stream_fn *each, void *arg,
		      size_t *seen)
{
	size_t count = 0;

	if (!tr_is(items, TR_ARRAY)) {
		tr_err wrong = tr_is_valid(items) ? TR_ETYPE : tr_value_err(items);
		tr_drop(items);
		return wrong;
	}
	struct stream *st = stream_new(fn, items, options);
	if (st == NULL)
		return TR_ENOMEM;
	tr_err err = run(st, each, arg, &count);
	for (size_t i = 0; i < st->running; i++)
		gen_call_abandon(st->slots[i].task.ref);
	tr_disown(st);
	stream_free(st);
	if (seen != NULL)
		*seen = count;
	return err;
}

static bool append(void *arg, size_t index, tr_value result)
{
	tr_value *results = arg;

	(void)index;
	(void)gen_release(*results);
	*results = tr_array_push(*results, tr_keep(result));
	gen_hold(*results);
	return tr_is_valid(*results);
}

tr_value tr_task_map(tr_task_fn *fn, tr_value items, const tr_stream_options *options)
{
	tr_stream_options ordered = options != NULL ? *options : (tr_stream_options){0};
	tr_value results = tr_array_with(tr_array_len(items));

	ordered.unordered = false;
	gen_hold(results);
	tr_err err = tr_task_stream(fn, items, &ordered, append, &results, NULL);
	(void)gen_release(results);
	if (err == TR_OK)
		return results;
	tr_drop(results);
	return tr_invalid(err);
}
