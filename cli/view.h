/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A view shows an execution while it runs, on stderr. The runner calls it from one actor: each event once, and `tick` a
 * few times a second.
 */
#ifndef TROUPE_CLI_VIEW_H
#define TROUPE_CLI_VIEW_H

#include "cli/board.h"
#include "cli/style.h"
#include <troupe/node.h>

typedef struct view view;

typedef struct view_class {
	void (*event)(view *v, const event *e, board_step *step);
	void (*tick)(view *v, int64_t now_us);
	/* Text to stand above what is drawn in place. NULL: the view only prints, and so may everybody else. */
	void (*say)(view *v, tr_str text);
	void (*end)(view *v); /* leave the screen tidy */
} view_class;

struct view {
	const view_class *cls;
	tr_node *node;
	style style;
	board board;
	const char *title;
	int lines;       /* drawn by the last tick, to be drawn over */
	int64_t last_us; /* when something was shown last */
	unsigned frame;
};

void view_init(view *v, const view_class *cls, tr_node *node, const char *title);
void view_event(view *v, const event *e);
void view_tick(view *v, int64_t now_us);
void view_say(view *v, tr_str text);
void view_end(view *v);
void view_fini(view *v);

/** Steps with progress bars, redrawn in place (terminals). */
extern const view_class view_live;
/** A line for each thing that a person wants to know (everywhere else). */
extern const view_class view_lines;
/** Each event in one line (--events). */
extern const view_class view_events;
/** The tree of actors (--tree): redrawn in place on terminals, printed again and again elsewhere. */
extern const view_class view_tree;

/** One event as a line of text, without newline: time, type, step run, what matters of the payload. */
void event_line(tr_buf *out, const event *e, const style *s, int64_t start_us);

#endif
