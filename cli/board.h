/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The board: what a viewer knows of a running execution, kept up to date from its events. Used by the live view and the
 * plain lines. Not thread-safe; no actors.
 */
#ifndef TROUPE_CLI_BOARD_H
#define TROUPE_CLI_BOARD_H

#include "actors/event/event.h"

typedef enum board_status {
	BOARD_SCHEDULED,
	BOARD_RUNNING,
	BOARD_DONE,
	BOARD_FAILED
} board_status;

typedef struct board_step {
	tr_value name;
	board_status status;
	uint32_t runs, finished, failed; /* step runs: begun, ended, of which badly */
	uint32_t retries;
	int64_t total, done, bad;     /* of the current loop; total -1: no loop */
	int64_t started_us, ended_us; /* first start, last end */
	tr_value note;                /* last error's text, or absent */
	tr_value task;                /* label of the task that started last */
} board_step;

typedef struct board {
	board_step *steps;
	size_t count, capacity;
	tr_value index; /* step name -> position */
	tr_value runs;  /* live step run id -> position */
	int64_t started_us, now_us;
	uint64_t events;
} board;

void board_init(board *b);
void board_fini(board *b);
/** Take an event into account; the step it is about, or NULL. */
board_step *board_event(board *b, const event *e);

#endif
