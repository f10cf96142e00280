/* SPDX-License-Identifier: Apache-2.0 */
/* An extension: a span around every task, exported as OTLP/JSON, one request a line, to a file that an OpenTelemetry
 * collector can read (its otlpjsonfile receiver). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/plugin.h>
#include <unistd.h>

TR_PLUGIN_MANIFEST(
    "{\"id\": \"spans\", \"version\": \"1.0.0\","
    "\"description\": \"Exports a span for every task as OTLP/JSON\", \"license\": \"Apache-2.0\","
    "\"needs\": [\"fs:*\"],"
    "\"hooks\": [{\"type\": \"before\", \"point\": \"task_execute\", \"priority\": 0},"
    "            {\"type\": \"after\", \"point\": \"task_execute\", \"priority\": 100}],"
    "\"config\": {\"path\": {\"type\": \"string\", \"required\": true, \"description\": \"file to append to\"},"
    "            \"batch\": {\"type\": \"int\", \"default\": 64, \"min\": 1, \"max\": 10000,"
    "                      \"description\": \"spans that are written at once\"},"
    "            \"service\": {\"type\": \"string\", \"default\": \"troupe\"}}}");

struct spans {
	tr_value config;
	tr_value open;  /* map: key of a task -> when it began, ns since 1970 */
	tr_value ready; /* array of spans */
	int64_t written, lost;
};

static tr_err spans_init(void *state, tr_value config, tr_value *reason)
{
	struct spans *s = state;
	tr_value path = tr_map_get_s(config, "path");
	tr_buf grant = {0};

	tr_buf_putf(&grant, "fs:%s", tr_as_cstr(path, ""));
	bool granted = tr_plugin_granted(grant.p == NULL ? "" : grant.p);
	if (!granted)
		*reason = tr_stringf("spans needs the grant %s, an absolute path, to write there",
				     grant.p == NULL ? "fs" : grant.p);
	tr_buf_fini(&grant);
	s->config = tr_own_value(tr_keep(config));
	s->open = tr_map();
	s->ready = tr_array();
	return granted ? TR_OK : TR_EDENIED;
}

/* ---- exporting ---- */

static tr_value attribute(const char *key, tr_value v)
{
	tr_value value = tr_is(v, TR_INT) ? TR_DICT("intValue", tr_stringf("%lld", (long long)tr_as_int(v, 0)))
					  : TR_DICT("stringValue", tr_is(v, TR_STRING) ? tr_keep(v) : tr_string(""));

	return TR_DICT("key", tr_string(key), "value", value);
}

/* The file is a thing that blocks: this runs on the dirty pool. */
struct writing {
	const char *path;
	tr_str text;
	bool done;
};

static void *write_out(void *arg)
{
	struct writing *w = arg;
	int fd = open(w->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	w->done = fd >= 0 && write(fd, w->text.p, w->text.n) == (ssize_t)w->text.n;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void flush(struct spans *s)
{
	int64_t n = (int64_t)tr_array_len(s->ready);
	tr_buf line = {0};
	tr_err err = TR_OK;

	if (n == 0)
		return;
	tr_value resource =
	    TR_DICT("attributes", TR_LIST(attribute("service.name", tr_map_get_s(s->config, "service"))));
	tr_value scope = TR_DICT("scope", TR_DICT("name", tr_string("troupe.spans")), "spans", s->ready);
	tr_value request =
	    TR_DICT("resourceSpans", TR_LIST(TR_DICT("resource", resource, "scopeSpans", TR_LIST(scope))));
	s->ready = tr_array();
	struct writing w = {.path = tr_as_cstr(tr_map_get_s(s->config, "path"), "")};
	if (tr_json_write(&line, request, TR_JSON_COMPACT) == TR_OK) {
		tr_buf_putc(&line, '\n');
		w.text = tr_buf_str(&line);
		tr_dirty(write_out, &w, &err);
	}
	tr_buf_fini(&line);
	tr_drop(request);
	*(w.done ? &s->written : &s->lost) += n;
}

/* ---- spans ---- */

/* One task's run: the same text ahead of it and behind it. */
static tr_value key_of(tr_value context)
{
	tr_value c = tr_map_get_s(context, "context");
	tr_value attempt = tr_map_get_s(c, "attempt");

	return tr_stringf("%s#%lld", tr_as_cstr(tr_map_get_s(c, "idempotency_key"), ""),
			  (long long)tr_as_int(attempt, 0));
}

static tr_value span_of(tr_value context, int64_t from_ns, int64_t to_ns)
{
	tr_value c = tr_map_get_s(context, "context"), outcome = tr_map_get_s(context, "result");
	bool good = tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success");
	tr_value label = tr_map_get_s(c, "label"), execution = tr_map_get_s(c, "execution_id");
	uint64_t id = tr_random();
	long long trace = (long long)tr_hash(execution);
	tr_value attributes = TR_LIST(attribute("troupe.execution_id", execution),
				      attribute("troupe.playbook", tr_map_get_s(c, "playbook")),
				      attribute("troupe.step", tr_map_get_s(c, "step")),
				      attribute("troupe.task.kind", tr_map_get_s(context, "kind")),
				      attribute("troupe.task.attempt", tr_map_get_s(c, "attempt")));

	if (!good)
		attributes = tr_array_push(attributes, attribute("error.type", TR_GET(outcome, "error", "kind")));
	return TR_DICT("traceId", tr_stringf("%016llx%016llx", trace, trace), "spanId",
		       tr_stringf("%016llx", (unsigned long long)id), "name",
		       tr_is(label, TR_STRING) ? tr_keep(label) : tr_string("task"), "kind", tr_int(1),
		       "startTimeUnixNano", tr_stringf("%lld", (long long)from_ns), "endTimeUnixNano",
		       tr_stringf("%lld", (long long)to_ns), "attributes", attributes, "status",
		       TR_DICT("code", tr_int(good ? 1 : 2)));
}

static tr_value spans_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	struct spans *s = state;
	tr_value key = key_of(context), began = tr_map_get(s->open, key);
	int64_t now = tr_wall_us() * 1000;

	(void)point, (void)next, (void)chain, (void)reason;
	if (!tr_is_valid(tr_map_get_s(context, "result"))) { /* ahead of it */
		s->open = tr_map_put(s->open, key, tr_int(now));
		return tr_absent();
	}
	s->ready = tr_array_push(s->ready, span_of(context, tr_as_int(began, now), now));
	s->open = tr_map_del(s->open, key);
	tr_drop(key);
	if ((int64_t)tr_array_len(s->ready) >= tr_as_int(tr_map_get_s(s->config, "batch"), 64))
		flush(s);
	return tr_absent();
}

static void spans_stop(void *state)
{
	struct spans *s = state;

	flush(s);
	tr_clear(&s->open);
	tr_clear(&s->ready);
}

/* Write what is there now. */
static tr_value spans_command(void *state, tr_value command)
{
	struct spans *s = state;

	(void)command;
	flush(s);
	return tr_outcome_ok(TR_DICT("written", tr_int(s->written), "lost", tr_int(s->lost)));
}

static tr_value spans_health(void *state)
{
	const struct spans *s = state;

	return TR_DICT("written", tr_int(s->written), "lost", tr_int(s->lost), "waiting",
		       tr_int((int64_t)tr_array_len(s->ready)));
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD,        .state_size = sizeof(struct spans), .init = spans_init,
		    .stop = spans_stop,    .command = spans_command,           .hook = spans_hook,
		    .health = spans_health};
