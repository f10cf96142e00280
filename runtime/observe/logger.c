/* SPDX-License-Identifier: Apache-2.0 */
/* The logger's actor: takes records and reports, runs the handlers, writes text. */
#include "runtime/observe/logger.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define WRITE_AT 65536 /* bytes that are written without waiting for the mailbox to become empty */

struct writer {
	struct logger *logger;
	tr_logger_options options;
	tr_buf out;
};

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

/* On the dirty pool: a terminal or a pipe may make us wait. */
static void *write_out(void *arg)
{
	const struct writer *w = arg;
	size_t done = 0;

	while (done < w->out.n) {
		ssize_t n = write(w->options.fd, w->out.p + done, w->out.n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* nobody to tell */
		done += (size_t)n;
	}
	return NULL;
}

static void flush(struct writer *w)
{
	tr_err err = TR_OK;

	if (w->out.n > 0) {
		(void)tr_dirty(write_out, w, &err);
		if (err != TR_OK)
			(void)write_out(w);
	}
	if (w->out.err != TR_OK)
		tr_buf_fini(&w->out);
	tr_buf_clear(&w->out);
}

static void record_out(struct writer *w, tr_level level, tr_value record)
{
	handlers_run(w->logger, level, record);
	if (level < w->logger->text_level)
		return;
	if (w->options.json)
		log_json(&w->out, record);
	else
		log_text(&w->out, level, record, w->options.color);
}

/* ---- records -------------------------------------------------------------------------------------------------------
 */

/* A report gets what a record has: time and level. */
static tr_value complete(tr_value record, tr_level level)
{
	if (!tr_is_valid(tr_map_get_s(record, "time_us")))
		record = tr_map_put_s(record, "time_us", tr_int(tr_wall_us()));
	if (!tr_is_valid(tr_map_get_s(record, "level")))
		record = tr_map_put_s(record, "level", tr_string(level_name(level)));
	return record;
}

/* Takes the record. */
static void take_record(struct writer *w, tr_level level, tr_value record)
{
	record = tr_redact(w->logger->node, complete(record, level));
	if (tr_is_valid(record))
		record_out(w, level, record);
	tr_drop(record);
}

static void tell_dropped(struct writer *w)
{
	uint64_t dropped = atomic_exchange_explicit(&w->logger->dropped, 0, memory_order_relaxed);

	if (dropped > 0)
		take_record(w, TR_WARNING,
			    TR_DICT("text", tr_stringf("%llu log records were dropped", (unsigned long long)dropped),
				    "dropped", tr_int((int64_t)dropped), "pid", tr_pid_value(tr_self())));
}

static void after_record(struct writer *w, uint32_t waiting)
{
	if (waiting < LOGGER_DROP_INFO / 2 && atomic_load_explicit(&w->logger->dropped, memory_order_relaxed) > 0)
		tell_dropped(w);
	if (waiting == 0 || w->out.n >= WRITE_AT)
		flush(w);
}

/* How the kernel's reports read and how grave they are; kinds not known here are shown as they are. */
static const struct kernel_kind {
	const char *report;
	const char *text;
	tr_level level;
} kernel_kinds[] = {
    {"crash", "an actor crashed", TR_ERROR},
    {"long_handler", "a handler runs long", TR_INFO}, /* on a busy machine there are many, and no harm is done */
    {"dead_letters", "many messages found nobody", TR_WARNING},
};

static void kernel_report(struct writer *w, tr_value report)
{
	struct kernel_kind kind = {NULL, "the kernel reports", TR_WARNING};

	for (size_t i = 0; i < sizeof(kernel_kinds) / sizeof(kernel_kinds[0]); i++) {
		if (tr_str_is(tr_as_str(tr_map_get_s(report, "report")), kernel_kinds[i].report))
			kind = kernel_kinds[i];
	}
	if (tr_is(report, TR_MAP))
		take_record(w, kind.level, tr_map_put_s(tr_keep(report), "text", tr_string(kind.text)));
	flush(w);
}

static tr_next logger_info(void *state, tr_value message)
{
	struct writer *w = state;

	if (TR_IS_A(tr_array_at(message, 0), event) && tr_array_len(message) == 3) {
		tr_level level = (tr_level)tr_as_int(tr_array_at(message, 1), TR_ERROR);
		uint32_t waiting = atomic_fetch_sub_explicit(&w->logger->waiting, 1, memory_order_relaxed) - 1;
		take_record(w, level, tr_keep(tr_array_at(message, 2)));
		after_record(w, waiting);
	} else if (tr_str_is(tr_as_str(tr_array_at(message, 0)), "report")) {
		kernel_report(w, tr_array_at(message, 1));
	}
	return tr_noreply();
}

/* ---- requests: [add, handler], [remove, name], flush
 * ------------------------------------------------------------------ */

static tr_next logger_call(void *state, tr_value request, tr_from from)
{
	struct writer *w = state;
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value arg = tr_array_at(request, 1);
	tr_err err = TR_OK;

	(void)from;
	if (tr_str_is(what, "add_handler"))
		err = handler_add(w->logger, arg);
	else if (tr_str_is(what, "remove_handler"))
		err = handler_remove(w->logger, tr_as_cstr(arg, ""));
	else if (tr_str_is(what, "flush"))
		flush(w);
	else
		err = TR_EUNSUPPORTED;
	return tr_next_reply(tr_int((int64_t)err));
}

/* ---- life ----------------------------------------------------------------------------------------------------------
 */

static void writer_gone(void *ptr)
{
	struct writer *w = ptr;

	atomic_store_explicit(&w->logger->pid, 0, memory_order_relaxed);
	tr_buf_fini(&w->out);
}

static const tr_class options_class = {"logger_options", tr_free};

static tr_next logger_init(void *state, tr_value arg)
{
	struct writer *w = state;
	const tr_logger_options *options = tr_as_object(arg, &options_class);

	if (options == NULL)
		return tr_next_stop(TR_A(badarg));
	w->options = *options;
	w->logger = logger_make(tr_here());
	if (w->logger == NULL || tr_own(w, writer_gone) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_trap_exit(true);
	w->logger->text_level = options->fd >= 0 ? options->level : (tr_level)LOGGER_LEVEL_NONE;
	logger_set_level(w->logger);
	atomic_store_explicit(&w->logger->waiting, 0, memory_order_relaxed);
	atomic_store_explicit(&w->logger->pid, tr_self().bits, memory_order_relaxed);
	return tr_noreply();
}

static void logger_terminate(void *state, tr_value reason)
{
	struct writer *w = state;

	(void)reason;
	atomic_store_explicit(&w->logger->pid, 0, memory_order_relaxed);
	for (;;) { /* what was logged before is written */
		tr_value message = tr_receive(0);
		if (!tr_is_valid(message))
			break;
		(void)logger_info(w, message);
		tr_drop(message);
	}
	flush(w);
}

static const tr_gen_server logger_module = {
    .name = "logger",
    .state_size = sizeof(struct writer),
    .init = logger_init,
    .handle_call = logger_call,
    .handle_info = logger_info,
    .terminate = logger_terminate,
};

tr_value tr_logger_arg(const tr_logger_options *options)
{
	tr_logger_options *copy = tr_alloc(sizeof(*copy));

	if (copy == NULL)
		return tr_invalid(TR_ENOMEM);
	*copy = *options;
	return tr_object(&options_class, copy);
}

static const tr_spawn_options as_logger = {.name = "logger", .priority = TR_PRIORITY_NORMAL};

tr_started tr_logger_start_link(tr_value arg, tr_value extra)
{
	(void)extra;
	return tr_gen_server_start_link(&logger_module, tr_keep(arg), &as_logger, TR_FOREVER);
}

tr_err tr_logger_start(tr_node *node, const tr_logger_options *options)
{
	tr_value arg = tr_logger_arg(options);

	if (!tr_is_valid(arg))
		return tr_value_err(arg);
	tr_started started = tr_node_gen_server(node, &logger_module, arg, &as_logger);
	if (started.pid.bits != 0)
		return TR_OK;
	tr_err err = TR_IS_A(tr_array_at(started.reason, 0), already_started) ? TR_EEXIST : TR_ENOMEM;
	tr_drop(started.reason);
	return err;
}
