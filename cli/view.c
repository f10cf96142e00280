/* SPDX-License-Identifier: Apache-2.0 */
/* What all views share, and the two that print lines. */
#include "cli/view.h"

#include "cli/escape.h"
#include "cli/show_payload.h"

#include <inttypes.h>
#include <string.h>

#define NAME_MAX_SHOWN 256
#define NOTE_MAX_SHOWN 2000

void view_init(view *v, const view_class *cls, tr_node *node, const char *title)
{
	*v = (view){.cls = cls, .node = node, .title = title, .style = style_of(stderr)};
	board_init(&v->board);
}

void view_event(view *v, const event *e)
{
	board_step *step = board_event(&v->board, e);
	if (v->cls->event != NULL)
		v->cls->event(v, e, step);
}

void view_tick(view *v, int64_t now_us)
{
	if (v->cls->tick != NULL)
		v->cls->tick(v, now_us);
}

void view_say(view *v, tr_str text)
{
	if (v->cls->say != NULL)
		v->cls->say(v, text);
	else
		fprintf(stderr, "%.*s", TR_STR(text));
}

void view_end(view *v)
{
	if (v->cls->end != NULL)
		v->cls->end(v);
	fflush(stderr);
}

void view_fini(view *v)
{
	board_fini(&v->board);
}

/* ---- one event, one line
 * --------------------------------------------------------------------------------------------- */

static void put_field(tr_buf *out, const char *name, tr_value v)
{
	if (!tr_is_valid(v) || tr_is_nil(v))
		return;
	tr_buf shown = {0};
	show_payload(&shown, v, 120);
	tr_buf_putc(out, ' ');
	escape_put(out, tr_s(name));
	tr_buf_putc(out, '=');
	escape_put(out, tr_buf_str(&shown));
	tr_buf_fini(&shown);
}

void event_line(tr_buf *out, const event *e, const style *s, int64_t start_us)
{
	int64_t at = e->time_us - start_us;
	tr_buf_putf(out, "%s%6" PRIu64 " %4" PRId64 ".%06" PRId64 "%s  %-26s", style_dim(s), e->seq, at / 1000000,
		    at % 1000000, style_off(s), event_type_text(e->type));
	if (e->step_run_id != 0)
		tr_buf_putf(out, " run=%" PRIu64, e->step_run_id);
	if (e->iteration >= 0)
		tr_buf_putf(out, " iteration=%" PRId64, e->iteration);
	if (e->attempt > 1)
		tr_buf_putf(out, " attempt=%" PRIu32, e->attempt);
	const tr_entry *entries = tr_map_entries(e->payload);
	for (size_t i = 0; i < tr_map_len(e->payload); i++)
		put_field(out, tr_as_cstr(entries[i].key, "?"), entries[i].value);
}

static void events_event(view *v, const event *e, board_step *step)
{
	tr_buf line = {0};
	(void)step;
	event_line(&line, e, &v->style, v->board.started_us);
	if (line.err == TR_OK)
		fprintf(stderr, "%s\n", line.p);
	tr_buf_fini(&line);
}

const view_class view_events = {.event = events_event};

/* ---- plain lines
 * ------------------------------------------------------------------------------------------------------- */

static void stamp(const view *v, const event *e)
{
	int64_t at = e->time_us - v->board.started_us;
	fprintf(stderr, "%5" PRId64 ".%03" PRId64 "  ", at / 1000000, at / 1000 % 1000);
}

static void say_ended(const view *v, const event *e, const board_step *step)
{
	char took[32], name[NAME_MAX_SHOWN], note[NOTE_MAX_SHOWN];
	(void)escape_into(name, sizeof name, tr_as_str(step->name));
	stamp(v, e);
	if (e->type == EVENT_STEP_FAILED) {
		fprintf(stderr, "%s failed: %s\n", name,
			escape_into(note, sizeof note, tr_s(tr_as_cstr(step->note, "no message"))));
		return;
	}
	fprintf(stderr, "%s done", name);
	if (step->total >= 0)
		fprintf(stderr, ", %" PRId64 " iterations", step->done);
	if (step->retries > 0)
		fprintf(stderr, ", %" PRIu32 " retries", step->retries);
	if (e->duration_us >= 0)
		fprintf(stderr, " in %s", duration_text(took, sizeof took, e->duration_us));
	fputc('\n', stderr);
}

static void lines_event(view *v, const event *e, board_step *step)
{
	if (step == NULL)
		return;
	char name[NAME_MAX_SHOWN], label[NAME_MAX_SHOWN], note[NOTE_MAX_SHOWN];
	(void)escape_into(name, sizeof name, tr_as_str(step->name));
	switch (e->type) {
	case EVENT_STEP_STARTED:
		stamp(v, e);
		fprintf(stderr, "%s started\n", name);
		break;
	case EVENT_TASK_RETRIED:
		stamp(v, e);
		(void)escape_into(label, sizeof label, tr_s(tr_as_cstr(tr_map_get_s(e->payload, "label"), "task")));
		if (e->status != NULL && strcmp(e->status, "success") == 0)
			fprintf(stderr, "%s: %s succeeded, and its rule says retry; running it again\n", name, label);
		else
			fprintf(stderr, "%s: %s failed (%s); trying again\n", name, label,
				escape_into(note, sizeof note, tr_s(tr_as_cstr(step->note, "no message"))));
		break;
	case EVENT_ITERATION_DONE:
		/* Each tenth of a loop is worth a line, each of a hundred thousand iterations is not. */
		if (step->total >= 20 && step->done < step->total && step->done % (step->total / 10) == 0) {
			stamp(v, e);
			fprintf(stderr, "%s: %" PRId64 " of %" PRId64 " iterations\n", name, step->done, step->total);
		}
		break;
	case EVENT_LOOP_DONE:
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
		say_ended(v, e, step);
		break;
	default:
		break;
	}
}

const view_class view_lines = {.event = lines_event};
