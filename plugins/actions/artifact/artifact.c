/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind artifact. It asks the node's service `artifacts` (messages: [put, value, origin], [get, ref],
 * [head, ref], [delete, ref, origin]).
 *
 * Result { data, uri, size, sha256 }: size and sha256 are those of the value's MessagePack form, as it is stored; the
 * same value is the same artifact. `data` of a large one is its ResultRef, which is loaded when something is taken from
 * it.
 */
#include "plugins/actions/artifact/artifact.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/log.h>

#define INLINE_SIZE (64 << 10) /* what is larger stays a reference in results */

const char artifact_manifest[] =
    "{\"id\": \"artifact\", \"version\": \"1.0.0\", \"description\": \"Reads and writes artifacts\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:artifact\"], \"provides\": {\"node_handler\": "
    "\"artifact\"},"
    " \"needs\": [\"call:artifacts\"],"
    " \"limits\": {\"concurrency\": 256},"
    " \"config\": {\"timeout\": {\"type\": \"number\", \"default\": 60, \"description\": \"seconds\"}}}";

typedef struct request {
	tr_value input, context;
	int64_t deadline;
} request;

/* ---- the service ---- */

static tr_value failed(const char *action, tr_value reply)
{
	if (tr_str_is(tr_as_str(tr_array_at(reply, 0)), "denied"))
		return tr_outcome_error("denied", false, "artifact: %s: %s", action,
					tr_as_cstr(tr_array_at(reply, 1), "the store refused it"));
	if (tr_is_valid(reply))
		return tr_outcome_error("artifact", true, "artifact: %s: %s", action,
					tr_as_cstr(tr_array_at(reply, 1), "the store gave no reason"));
	tr_err err = tr_value_err(reply);
	const char *kind = err == TR_ETIMEOUT ? "timeout" : err == TR_EDENIED ? "denied" : "no_service";
	return tr_outcome_error(kind, err != TR_EDENIED, "artifact: the store does not answer: %s", tr_err_text(err));
}

static tr_value not_found(tr_value ref)
{
	tr_value name = tr_is(ref, TR_MAP) ? tr_map_get_s(ref, "ref") : ref;

	return tr_outcome_error("not_found", false, "artifact: there is no %s", tr_as_cstr(name, "such artifact"));
}

/* Takes message. */
static tr_value ask(const request *r, tr_value message)
{
	return tr_own_value(tr_plugin_call("artifacts", message, r->deadline));
}

/* ---- what an artifact is named by ---- */

/* A text, a ResultRef, or the result of an earlier task of this kind. */
static tr_value reference(const request *r, tr_value *fault)
{
	tr_value ref = tr_map_get_s(r->input, "ref"), uri = tr_map_get_s(ref, "uri");
	bool whole = tr_str_is(tr_as_str(tr_map_get_s(ref, "kind")), "result_ref");

	*fault = tr_absent();
	if (tr_is(ref, TR_STRING) || whole)
		return ref;
	if (tr_is(uri, TR_STRING))
		return uri;
	*fault = tr_outcome_error("input", false,
				  "artifact: ref must be the uri or sha256 of an artifact, or a reference to a result");
	return tr_absent();
}

static tr_value result_of(tr_value ref)
{
	return TR_DICT("uri", tr_keep(tr_map_get_s(ref, "ref")), "size", tr_keep(tr_map_get_s(ref, "size")), "sha256",
		       tr_keep(tr_map_get_s(ref, "key")));
}

static long long execution_of(const request *r)
{
	return strtoll(tr_as_cstr(tr_map_get_s(r->context, "execution_id"), "0"), NULL, 10);
}

/* ---- actions ---- */

static tr_value put(const request *r)
{
	tr_value data = tr_map_get_s(r->input, "data"), name = tr_map_get_s(r->input, "name");
	tr_value type = tr_map_get_s(r->input, "content_type");
	long long id = execution_of(r);
	tr_value label = tr_is(name, TR_STRING) ? name : tr_map_get_s(r->context, "label");

	if (!tr_is_valid(data))
		return tr_outcome_error("input", false, "artifact: put needs data");
	tr_value origin =
	    TR_DICT("execution_id", tr_int(id), "step", tr_string(tr_as_cstr(tr_map_get_s(r->context, "step"), "-")),
		    "label", tr_string(tr_as_cstr(label, "artifact")));
	/* Secrets are at rest nowhere. */
	tr_value safe = tr_redact(tr_here(), tr_keep(data));
	tr_value ref = ask(r, TR_LIST(tr_atom("put"), safe, origin));
	if (!tr_is(ref, TR_MAP))
		return failed("put", ref);
	if (tr_is(type, TR_STRING))
		ref = tr_own_value(tr_map_put_s(tr_keep(ref), "content_type", tr_keep(type)));
	return tr_outcome_ok(tr_map_put_s(result_of(ref), "data", tr_keep(ref)));
}

/* What is known of it, or an outcome in *fault. */
static tr_value look(const request *r, const char *action, tr_value *fault)
{
	tr_value ref = reference(r, fault), reply;

	if (tr_is_valid(*fault))
		return tr_absent();
	reply = ask(r, TR_LIST(tr_atom("head"), tr_keep(ref)));
	if (tr_is_nil(reply))
		*fault = not_found(ref);
	else if (!TR_IS_A(tr_array_at(reply, 0), ok))
		*fault = failed(action, reply);
	return tr_is_valid(*fault) ? tr_absent() : tr_array_at(reply, 1);
}

static tr_value head(const request *r)
{
	tr_value fault, ref = look(r, "head", &fault);

	return tr_is_valid(fault) ? fault : tr_outcome_ok(result_of(ref));
}

static tr_value get(const request *r)
{
	tr_value fault, ref = look(r, "get", &fault), reply;

	if (tr_is_valid(fault))
		return fault;
	if (tr_as_int(tr_map_get_s(ref, "size"), 0) > INLINE_SIZE)
		return tr_outcome_ok(tr_map_put_s(result_of(ref), "data", tr_keep(ref)));
	reply = ask(r, TR_LIST(tr_atom("get"), tr_keep(ref)));
	if (!TR_IS_A(tr_array_at(reply, 0), ok))
		return failed("get", reply);
	return tr_outcome_ok(tr_map_put_s(result_of(ref), "data", tr_keep(tr_array_at(reply, 1))));
}

static tr_value delete (const request *r)
{
	tr_value fault, ref = reference(r, &fault), reply;
	long long id = execution_of(r);

	if (tr_is_valid(fault))
		return fault;
	reply = ask(r, TR_LIST(tr_atom("delete"), tr_keep(ref), TR_DICT("execution_id", tr_int(id))));
	if (!tr_is_nil(reply) && !TR_IS_A(reply, ok))
		return failed("delete", reply);
	return tr_outcome_ok(TR_DICT("uri", tr_keep(tr_is(ref, TR_MAP) ? tr_map_get_s(ref, "ref") : ref), "deleted",
				     tr_bool(!tr_is_nil(reply))));
}

/* ---- the command ---- */

typedef struct action {
	const char *name;
	tr_value (*run)(const request *r);
} action;

static const action actions[] = {{"get", get}, {"put", put}, {"head", head}, {"delete", delete}};

static tr_value artifact_run(tr_value config, tr_pid plugin, tr_value command)
{
	request r = {.input = tr_map_get_s(command, "input"), .context = tr_map_get_s(command, "context")};
	double seconds = tr_as_float(tr_map_get_s(config, "timeout"), 60);
	tr_str wanted = tr_as_str(tr_map_get_s(r.input, "action"));

	(void)plugin;
	r.deadline = tr_in((int64_t)(seconds * 1e9));
	if (tr_command_deadline(command) < r.deadline)
		r.deadline = tr_command_deadline(command);
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (tr_str_is(wanted, actions[i].name))
			return actions[i].run(&r);
	return tr_outcome_error("input", false, "artifact: action must be get, put, head or delete");
}

const tr_plugin artifact_plugin = {TR_PLUGIN_HEAD, .run = artifact_run};
