/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logger's inside. Its record lies in the node's slot TR_SLOT_LOGGER from the first start of a logger to the end of
 * the node, so that handlers and counts outlive a restart of the logger's actor.
 *
 * A record travels to the actor as [event, level, map]; the kernel's reports come as [report, map].
 */
#ifndef TROUPE_OBSERVE_LOGGER_H
#define TROUPE_OBSERVE_LOGGER_H

#include <stdatomic.h>

#include <troupe/log.h>
#include <troupe/metrics.h>

#include "runtime/behaviour/report.h"

#define LOGGER_DROP_INFO  10000 /* waiting records from which on debug and info are dropped */
#define LOGGER_DROP_ALL   20000 /* … from which on everything below critical is */
#define LOGGER_LEVEL_NONE (TR_CRITICAL + 1)

struct log_handler {
	char *name;
	tr_level level;
	tr_log_handler *handle;
	void *arg;
	void (*destroy)(void *);
	struct log_handler *next;
};

struct logger {
	struct report_port port; /* first: what the slot is looked at as */
	tr_node *node;
	tr_metric *records[TR_CRITICAL + 1]; /* troupe_log_records_total, by level */
	tr_metric *dropped_total;

	/* Any thread. */
	_Atomic uint64_t pid;     /* of the actor; 0 while there is none */
	_Atomic int level;        /* the lowest that anybody wants to see */
	_Atomic uint32_t waiting; /* records posted and not handled yet */
	_Atomic uint64_t dropped; /* records refused since the last word about it */

	/* The logger's actor. */
	struct log_handler *handlers;
	tr_level text_level; /* LOGGER_LEVEL_NONE when no text is written */
};

/* The node's logger record; NULL when there has been none. */
struct logger *logger_of(tr_node *node);
/* The same, made when missing. */
struct logger *logger_make(tr_node *node);
/* Compute `level` anew. */
void logger_set_level(struct logger *l);

const char *level_name(tr_level level);

/* A handler as the argument of a request to the actor; `destroy` runs for `arg` also when this fails. */
tr_value handler_value(const struct log_handler *handler);
/* Put the handler of this value among the logger's; TR_EEXIST. */
tr_err handler_add(struct logger *l, tr_value v);
tr_err handler_remove(struct logger *l, const char *name);
void handler_free(struct log_handler *handler);
void handlers_run(struct logger *l, tr_level level, tr_value record);

/* log_text.c: append one record as text or as a line of JSON. */
void log_text(tr_buf *out, tr_level level, tr_value record, bool color);
void log_json(tr_buf *out, tr_value record);

#endif
