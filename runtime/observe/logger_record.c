/* SPDX-License-Identifier: Apache-2.0 */
/* The node's logger record: the port that others post to, levels, and the handlers. */
#include "runtime/observe/logger.h"

#include <string.h>

static const char *const level_names[] = {
    [TR_DEBUG] = "debug",     [TR_INFO] = "info",   [TR_NOTICE] = "notice",
    [TR_WARNING] = "warning", [TR_ERROR] = "error", [TR_CRITICAL] = "critical",
};

const char *level_name(tr_level level)
{
	return level_names[level];
}

void tr_log_show(tr_buf *out, tr_value record, bool color)
{
	tr_str name = tr_as_str(tr_map_get_s(record, "level"));
	tr_level level = TR_CRITICAL;

	while (level > TR_DEBUG && !tr_str_is(name, level_names[level]))
		level--;
	log_text(out, level, record, color);
}

/* ---- the port ------------------------------------------------------------------------------------------------------
 */

static bool wanted(struct report_port *port, tr_level level)
{
	struct logger *l = (struct logger *)port;

	return (int)level >= atomic_load_explicit(&l->level, memory_order_relaxed) &&
	       atomic_load_explicit(&l->pid, memory_order_relaxed) != 0;
}

/* Is there room for one more record of this level? If so it is counted as waiting. */
static bool admit(struct logger *l, tr_level level)
{
	uint32_t waiting = atomic_fetch_add_explicit(&l->waiting, 1, memory_order_relaxed);

	if (waiting < LOGGER_DROP_INFO || (level > TR_INFO && waiting < LOGGER_DROP_ALL) || level >= TR_CRITICAL) {
		tr_counter_add(l->records[level], 1);
		return true;
	}
	tr_counter_add(l->dropped_total, 1);
	atomic_fetch_sub_explicit(&l->waiting, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->dropped, 1, memory_order_relaxed);
	return false;
}

static void post(struct report_port *port, tr_level level, tr_value record)
{
	struct logger *l = (struct logger *)port;
	tr_pid pid = {atomic_load_explicit(&l->pid, memory_order_relaxed)};

	if (pid.bits == 0 || !tr_is_valid(record) || !admit(l, level)) {
		tr_drop(record);
		return;
	}
	tr_value message = TR_LIST(TR_A(event), tr_int((int64_t)level), record);
	tr_err err = tr_here() != NULL ? tr_send(pid, message) : tr_node_send(l->node, pid, message);
	if (err != TR_OK)
		atomic_fetch_sub_explicit(&l->waiting, 1, memory_order_relaxed);
}

/* ---- the record ----------------------------------------------------------------------------------------------------
 */

static void logger_free(void *ptr)
{
	struct logger *l = ptr;

	while (l->handlers != NULL) {
		struct log_handler *handler = l->handlers;
		l->handlers = handler->next;
		handler_free(handler);
	}
	tr_free(l);
}

struct logger *logger_of(tr_node *node)
{
	return tr_node_get(node, TR_SLOT_LOGGER);
}

static void make_metrics(struct logger *l)
{
	for (int i = TR_DEBUG; i <= TR_CRITICAL; i++) {
		tr_label label = {"level", level_name((tr_level)i)};
		l->records[i] = tr_counter(l->node, "troupe_log_records_total", "Records logged.", &label, 1);
	}
	l->dropped_total =
	    tr_counter(l->node, "troupe_log_dropped_total", "Records dropped because too many waited.", NULL, 0);
}

struct logger *logger_make(tr_node *node)
{
	struct logger *l = logger_of(node);

	if (l != NULL)
		return l;
	l = tr_alloc(sizeof(*l));
	if (l == NULL)
		return NULL;
	l->port = (struct report_port){wanted, post};
	l->node = node;
	l->text_level = LOGGER_LEVEL_NONE;
	logger_set_level(l);
	make_metrics(l);
	if (tr_node_set(node, TR_SLOT_LOGGER, l, logger_free) != TR_OK) {
		tr_free(l);
		return NULL;
	}
	return l;
}

void logger_set_level(struct logger *l)
{
	int level = (int)l->text_level;

	for (const struct log_handler *h = l->handlers; h != NULL; h = h->next)
		level = (int)h->level < level ? (int)h->level : level;
	atomic_store_explicit(&l->level, level, memory_order_relaxed);
}

/* ---- handlers ------------------------------------------------------------------------------------------------------
 */

void handler_free(struct log_handler *handler)
{
	if (handler->destroy != NULL)
		handler->destroy(handler->arg);
	tr_free(handler->name);
	tr_free(handler);
}

/* The box of a request holds a handler until the logger takes it out. */
static void handler_box_free(void *data)
{
	struct log_handler **held = data;

	if (*held != NULL)
		handler_free(*held);
	tr_free(held);
}

static const tr_class handler_class = {"log_handler", handler_box_free};

tr_value handler_value(const struct log_handler *handler)
{
	struct log_handler **held = tr_alloc(sizeof(*held));
	struct log_handler *copy = tr_alloc(sizeof(*copy));
	size_t size = strlen(handler->name) + 1;
	char *name = tr_alloc(size);

	if (held == NULL || copy == NULL || name == NULL) {
		tr_free(held);
		tr_free(copy);
		tr_free(name);
		if (handler->destroy != NULL)
			handler->destroy(handler->arg);
		return tr_invalid(TR_ENOMEM);
	}
	memcpy(name, handler->name, size);
	*copy = *handler;
	copy->name = name;
	copy->next = NULL;
	*held = copy;
	return tr_object(&handler_class, held);
}

static struct log_handler **find(struct logger *l, const char *name)
{
	struct log_handler **at = &l->handlers;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

tr_err handler_add(struct logger *l, tr_value v)
{
	struct log_handler **held = tr_as_object(v, &handler_class);

	if (held == NULL || *held == NULL)
		return TR_EINVAL;
	struct log_handler **at = find(l, (*held)->name);
	if (*at != NULL)
		return TR_EEXIST;
	*at = *held;
	*held = NULL;
	logger_set_level(l);
	return TR_OK;
}

tr_err handler_remove(struct logger *l, const char *name)
{
	struct log_handler **at = find(l, name);
	struct log_handler *handler = *at;

	if (handler == NULL)
		return TR_ENOENT;
	*at = handler->next;
	handler_free(handler);
	logger_set_level(l);
	return TR_OK;
}

void handlers_run(struct logger *l, tr_level level, tr_value record)
{
	struct log_handler *next;

	for (struct log_handler *h = l->handlers; h != NULL; h = next) {
		next = h->next;
		if (level >= h->level)
			h->handle(h->arg, record);
	}
}
