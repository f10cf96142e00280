/* SPDX-License-Identifier: Apache-2.0 */
/* The live view: a line a step, redrawn in place. */
#include "cli/live.h"

#include "cli/escape.h"

#include <inttypes.h>
#include <string.h>

#define BAR_WIDTH 24

void screen_begin(view *v)
{
	if (v->lines > 0)
		fprintf(stderr, "\033[%dA", v->lines);
	fputs("\r", stderr);
	v->lines = 0;
}

void screen_line(view *v, const tr_buf *line)
{
	/* Cut at the terminal's width, counting characters and skipping escape sequences, so that no line wraps. */
	int columns = 0;
	for (size_t i = 0; i < line->n; i++) {
		unsigned char c = (unsigned char)line->p[i];
		if (c == '\033') {
			while (i < line->n && line->p[i] != 'm')
				fputc(line->p[i++], stderr);
			fputc('m', stderr);
			continue;
		}
		if ((c & 0xC0) != 0x80 && ++columns > v->style.columns - 1)
			break;
		fputc(c < 0x20 ? ' ' : c, stderr);
	}
	fprintf(stderr, "%s\033[K\n", style_off(&v->style));
	v->lines++;
}

void screen_end(view *v)
{
	fputs("\033[J", stderr);
	fflush(stderr);
	(void)v;
}

void screen_say(view *v, tr_str text)
{
	screen_begin(v);
	fprintf(stderr, "\033[J%.*s", TR_STR(text));
	fflush(stderr);
}

static void put_bar(tr_buf *out, const view *v, int64_t done, int64_t total)
{
	int full = total > 0 ? (int)(done * BAR_WIDTH / total) : BAR_WIDTH;
	tr_buf_puts(out, style_cyan(&v->style));
	for (int i = 0; i < BAR_WIDTH; i++)
		tr_buf_puts(out, v->style.unicode ? (i < full ? "█" : "░") : (i < full ? "#" : "."));
	tr_buf_puts(out, style_off(&v->style));
	tr_buf_putf(out, " %" PRId64 "/%" PRId64, done, total);
}

static const char *mark(const view *v, const board_step *s)
{
	static const char *const spin[] = {"⠋", "⠙", "⠸", "⠴", "⠦", "⠇"};
	static const char *const plain_spin[] = {"|", "/", "-", "\\"};
	switch (s->status) {
	case BOARD_SCHEDULED:
		return v->style.unicode ? "○" : "o";
	case BOARD_RUNNING:
		return v->style.unicode ? spin[v->frame % 6] : plain_spin[v->frame % 4];
	case BOARD_DONE:
		return v->style.unicode ? "✓" : "+";
	case BOARD_FAILED:
		return v->style.unicode ? "✗" : "x";
	}
	return " ";
}

static const char *tint(const view *v, const board_step *s)
{
	switch (s->status) {
	case BOARD_DONE:
		return style_green(&v->style);
	case BOARD_FAILED:
		return style_red(&v->style);
	case BOARD_RUNNING:
		return style_yellow(&v->style);
	case BOARD_SCHEDULED:
		return style_dim(&v->style);
	}
	return "";
}

static void put_times(tr_buf *out, const board_step *s, int64_t now_us)
{
	char text[32];
	if (s->started_us == 0)
		return;
	bool over = s->status == BOARD_DONE || s->status == BOARD_FAILED;
	tr_buf_putf(out, "  %s", duration_text(text, sizeof text, (over ? s->ended_us : now_us) - s->started_us));
}

static void put_step(tr_buf *out, const view *v, const board_step *s, int64_t now_us)
{
	char text[512];
	tr_buf_putf(out, " %s%s%s %-24s", tint(v, s), mark(v, s), style_off(&v->style),
		    escape_into(text, sizeof text, tr_as_str(s->name)));
	if (s->total >= 0) {
		tr_buf_putc(out, ' ');
		put_bar(out, v, s->done, s->total);
	} else if (s->status == BOARD_RUNNING && tr_is_valid(s->task)) {
		tr_buf_putf(out, " %s", escape_into(text, sizeof text, tr_as_str(s->task)));
	}
	put_times(out, s, now_us);
	if (s->runs > 1)
		tr_buf_putf(out, "  %" PRIu32 " runs", s->runs);
	if (s->retries > 0)
		tr_buf_putf(out, "  %s%" PRIu32 " retries%s", style_yellow(&v->style), s->retries,
			    style_off(&v->style));
	if (s->bad > 0)
		tr_buf_putf(out, "  %s%" PRId64 " failed%s", style_red(&v->style), s->bad, style_off(&v->style));
	if (tr_is_valid(s->note) && (s->status == BOARD_FAILED || s->status == BOARD_RUNNING))
		tr_buf_putf(out, "  %s%s%s", style_dim(&v->style), escape_into(text, sizeof text, tr_as_str(s->note)),
			    style_off(&v->style));
}

/* With more steps than rows: all that are not over, then the ones that ended last. */
static void choose(const view *v, bool *show, size_t room)
{
	const board *b = &v->board;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = b->count; i-- > 0 && room > 0;) {
			bool over = b->steps[i].status == BOARD_DONE || b->steps[i].status == BOARD_FAILED;
			if (!show[i] && over == (pass == 1)) {
				show[i] = true;
				room--;
			}
		}
	}
}

static void draw(view *v, int64_t now_us)
{
	const board *b = &v->board;
	tr_buf line = {0};
	char took[32];
	v->style = style_of(stderr); /* the window may have been resized */
	v->frame++;
	size_t room = v->style.rows > 6 ? (size_t)v->style.rows - 4 : 2;
	bool *show = tr_alloc(b->count + 1);
	if (show == NULL)
		return;
	choose(v, show, room);
	screen_begin(v);
	char title[256];
	tr_buf_putf(&line, "%s%s%s  %s  %" PRIu64 " events", style_bold(&v->style),
		    escape_into(title, sizeof title, tr_s(v->title)), style_off(&v->style),
		    duration_text(took, sizeof took, b->started_us == 0 ? 0 : now_us - b->started_us), b->events);
	screen_line(v, &line);
	size_t hidden = 0;
	for (size_t i = 0; i < b->count; i++) {
		if (!show[i]) {
			hidden++;
			continue;
		}
		tr_buf_clear(&line);
		put_step(&line, v, &b->steps[i], now_us);
		screen_line(v, &line);
	}
	if (hidden > 0) {
		tr_buf_clear(&line);
		tr_buf_putf(&line, "   %s… and %zu more steps%s", style_dim(&v->style), hidden, style_off(&v->style));
		screen_line(v, &line);
	}
	screen_end(v);
	tr_free(show);
	tr_buf_fini(&line);
}

static void live_end(view *v)
{
	draw(v, v->board.now_us);
}

const view_class view_live = {.tick = draw, .say = screen_say, .end = live_end};
