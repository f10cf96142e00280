/* SPDX-License-Identifier: Apache-2.0 */
/* The loop from the source to the target. While the target takes one batch, the source fills the other. */
#include "plugins/actions/transfer/job.h"

#include <inttypes.h>
#include <string.h>

/* ---- life ---- */

static void transfer_end(void *data)
{
	transfer *t = data;

	if (t->source != NULL && t->source->destroy != NULL && t->source_state != NULL)
		t->source->destroy(t->source_state);
	if (t->target != NULL && t->target->destroy != NULL && t->target_state != NULL)
		t->target->destroy(t->target_state);
	for (size_t i = 0; i < 2; i++)
		batch_fini(&t->batches[i]);
	columns_fini(&t->source_columns);
	columns_fini(&t->target_columns);
	tr_drop(t->source_spec);
	tr_drop(t->target_spec);
	tr_drop(t->context);
	tr_drop(t->keys);
	tr_drop(t->mapping);
	tr_drop(t->source_sql);
	tr_free(t);
}

static const tr_class transfer_class = {"transfer", transfer_end};

tr_value transfer_new(transfer **t)
{
	*t = tr_alloc(sizeof(**t));
	if (*t == NULL)
		return tr_absent();
	(*t)->source_spec = (*t)->target_spec = (*t)->context = (*t)->keys = (*t)->mapping = (*t)->source_sql =
	    tr_absent();
	tr_value object = tr_object(&transfer_class, *t);
	if (!tr_is_valid(object))
		return tr_absent();
	(*t)->object = object;
	return object;
}

/* ---- faults ---- */

tr_value transfer_at_row(tr_value fault, const batch *b, size_t row)
{
	return tr_outcome_put(fault, "row", tr_int((int64_t)(b->first + row)));
}

/* Where it was, in front of what was: "transfer to postgres, chunk 3, row 20412: …". Takes the fault. */
static tr_value placed(const transfer *t, tr_value fault, const char *side, const char *kind, const batch *b)
{
	tr_value row = tr_keep(tr_map_get_s(fault, "row")), details = tr_keep(TR_GET(fault, "error", "details"));
	tr_value text = tr_keep(TR_GET(fault, "error", "message"));
	tr_buf message = {0};

	tr_buf_putf(&message, "transfer %s %s", side, kind);
	if (b != NULL)
		tr_buf_putf(&message, ", chunk %zu", b->number);
	if (tr_is(row, TR_INT))
		tr_buf_putf(&message, ", row %" PRId64, tr_as_int(row, 0));
	else if (b != NULL && batch_rows(b) > 0)
		tr_buf_putf(&message, ", rows %" PRIu64 " to %" PRIu64, b->first, b->first + batch_rows(b) - 1);
	tr_buf_putf(&message, ": %s", tr_as_cstr(text, "?"));
	if (!tr_is(details, TR_MAP))
		tr_assign(&details, tr_map());
	details = tr_map_put_s(details, "side", tr_string(strcmp(side, "to") == 0 ? "target" : "source"));
	details = tr_map_put_s(details, "chunk", tr_int((int64_t)(b == NULL ? t->chunks : b->number)));
	if (tr_is(row, TR_INT))
		details = tr_map_put_s(details, "row", tr_keep(row));
	details = tr_map_put_s(details, "rows_transferred", tr_int((int64_t)t->rows));
	tr_value key = tr_string("row");
	fault = tr_map_del(fault, key);
	tr_drop(key);
	fault = tr_outcome_error_put(fault, "message", tr_string_buf(&message));
	fault = tr_outcome_error_put(fault, "details", details);
	tr_drop(row);
	tr_drop(text);
	return fault;
}

static tr_value from_source(const transfer *t, tr_value fault, const batch *b)
{
	return tr_is_valid(fault) ? placed(t, fault, "from", t->source->kind, b) : fault;
}

static tr_value to_target(const transfer *t, tr_value fault, const batch *b)
{
	return tr_is_valid(fault) ? placed(t, fault, "to", t->target->kind, b) : fault;
}

/* ---- the loop ---- */

static tr_value fill(transfer *t, batch *b, uint64_t first, size_t number)
{
	b->first = first;
	b->number = number;
	tr_value fault = t->source->next(t, b);
	if (!tr_is_valid(fault) && batch_err(b) != TR_OK)
		fault = tr_outcome_error("resources", true, "a chunk does not fit into memory: %s",
					 tr_err_text(batch_err(b)));
	return from_source(t, fault, b);
}

/* The batch before this one is taken. */
static tr_value settle(transfer *t, const batch *b)
{
	if (b == NULL)
		return tr_absent();
	tr_value fault = t->target->wait == NULL ? tr_absent() : t->target->wait(t);
	if (tr_is_valid(fault))
		return to_target(t, fault, b);
	t->rows += batch_rows(b);
	t->chunks++;
	return fault;
}

static tr_value ready_target(transfer *t, const batch *first)
{
	columns_guess(&t->source_columns, first);
	tr_value fault = columns_map(&t->target_columns, &t->source_columns, t->mapping);
	for (size_t i = 0; i < tr_array_len(t->keys) && !tr_is_valid(fault); i++)
		if (columns_find(&t->target_columns, tr_as_str(tr_array_at(t->keys, i))) < 0)
			fault = tr_outcome_error("input", false,
						 "transfer: key names the column %s, which is none of "
						 "those that are transferred",
						 tr_as_cstr(tr_array_at(t->keys, i), "?"));
	if (!tr_is_valid(fault) && t->target_columns.count == 0)
		fault = tr_outcome_error("input", false, "transfer: the source has no columns");
	return tr_is_valid(fault) ? fault : to_target(t, t->target->open(t), NULL);
}

static tr_value copy(transfer *t)
{
	batch *b = &t->batches[0], *before = NULL;
	uint64_t first = 1;
	tr_value fault = fill(t, b, first, 1);

	if (!tr_is_valid(fault) && t->source_columns.count > 0)
		fault = ready_target(t, b);
	while (!tr_is_valid(fault) && batch_rows(b) > 0) {
		fault = settle(t, before);
		if (!tr_is_valid(fault))
			fault = to_target(t, t->target->write(t, b), b);
		if (tr_is_valid(fault))
			break;
		before = b;
		first += batch_rows(b);
		b = b == &t->batches[0] ? &t->batches[1] : &t->batches[0];
		fault = fill(t, b, first, before->number + 1);
	}
	return tr_is_valid(fault) ? fault : settle(t, before);
}

tr_value transfer_perform(transfer *t)
{
	tr_value fault = from_source(t, t->source->open(t), NULL);

	if (!tr_is_valid(fault))
		fault = copy(t);
	bool opened = t->target_state != NULL;
	if (!tr_is_valid(fault) && opened)
		fault = to_target(t, t->target->finish(t), NULL);
	if (!tr_is_valid(fault))
		return tr_outcome_ok(
		    TR_DICT("rows_transferred", tr_int((int64_t)t->rows), "chunks", tr_int((int64_t)t->chunks)));
	fault = tr_own_value(fault);
	if (opened && t->target->abandon != NULL)
		t->target->abandon(t);
	return tr_keep(fault);
}
