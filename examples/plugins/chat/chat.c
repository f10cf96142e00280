/* SPDX-License-Identifier: Apache-2.0 */
/* A provider: answers of a language model behind an OpenAI-compatible chat endpoint, over plain HTTP as local servers
 * speak it. Each question is an actor of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/io.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST(
    "{\"id\": \"chat\", \"version\": \"1.0.0\","
    "\"description\": \"Asks an OpenAI-compatible chat endpoint\", \"license\": \"Apache-2.0\","
    "\"capabilities\": [{\"tool:chat\": {\"inputs\": {"
    "   \"prompt\": {\"type\": \"string\", \"description\": \"the question\"},"
    "   \"system\": {\"type\": \"string\", \"description\": \"said before it\"},"
    "   \"messages\": {\"type\": \"list\", \"description\": \"instead, as the API has them\"},"
    "   \"model\": {\"type\": \"string\"}, \"temperature\": {\"type\": \"number\", \"min\": 0, \"max\": 2},"
    "   \"max_tokens\": {\"type\": \"int\", \"min\": 1},"
    "   \"stop\": {\"type\": [\"string\", \"list\"]}, \"seed\": {\"type\": \"int\"},"
    "   \"response_format\": {\"type\": \"map\"}},"
    "  \"one_of\": [[\"prompt\", \"messages\"]], \"exclusive\": [[\"prompt\", \"messages\"]]}},"
    " {\"provider:llm\": {\"api\": \"openai\"}}],"
    "\"provides\": {\"provider\": \"chat\"}, \"needs\": [\"net\", \"fs:*\"],"
    "\"config\": {\"address\": {\"type\": \"string\", \"default\": \"127.0.0.1:8080\","
    "                         \"description\": \"host:port of the endpoint, or unix:/path\"},"
    "            \"path\": {\"type\": \"string\", \"default\": \"/v1/chat/completions\"},"
    "            \"model\": {\"type\": \"string\", \"default\": \"default\"},"
    "            \"api_key\": {\"type\": \"string\", \"default\": \"\"}},"
    "\"limits\": {\"time\": 120, \"concurrency\": 32}}");

#define ANSWER_MAX (4u << 20)

static const char *setting(tr_value config, const char *key)
{
	return tr_as_cstr(tr_map_get_s(config, key), "");
}

/* What is asked: `messages` as the API has them, or `prompt` (and `system`) for short. Fresh; invalid when neither. */
static tr_value messages_of(tr_value command)
{
	tr_value messages = tr_command_input(command, "messages"), prompt = tr_command_input(command, "prompt");
	tr_value system = tr_command_input(command, "system"), list = tr_array();

	if (tr_is(messages, TR_ARRAY)) {
		tr_drop(list);
		return tr_keep(messages);
	}
	if (tr_is(system, TR_STRING))
		list = tr_array_push(list, TR_DICT("role", tr_string("system"), "content", tr_keep(system)));
	if (tr_is(prompt, TR_STRING))
		return tr_array_push(list, TR_DICT("role", tr_string("user"), "content", tr_keep(prompt)));
	tr_drop(list);
	return tr_invalid(TR_EINVAL);
}

static tr_err request_text(tr_value config, tr_value command, tr_value messages, tr_buf *out)
{
	static const char *const passed_on[] = {"temperature", "max_tokens", "stop", "seed", "response_format"};
	tr_value model = tr_command_input(command, "model");
	tr_value body = TR_DICT("model", tr_is(model, TR_STRING) ? tr_keep(model) : tr_string(setting(config, "model")),
				"messages", messages);
	tr_buf json = {0};

	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
		tr_value v = tr_command_input(command, passed_on[i]);
		if (tr_is_valid(v))
			body = tr_map_put_s(body, passed_on[i], tr_keep(v));
	}
	tr_err err = tr_json_write(&json, body, TR_JSON_COMPACT);
	tr_drop(body);
	/* HTTP/1.0: the answer ends where the connection does. */
	tr_buf_putf(out, "POST %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
		    setting(config, "path"), setting(config, "address"), json.n);
	if (setting(config, "api_key")[0] != '\0')
		tr_buf_putf(out, "Authorization: Bearer %s\r\n", setting(config, "api_key"));
	tr_buf_puts(out, "\r\n");
	tr_buf_put(out, json.p, json.n);
	tr_buf_fini(&json);
	return err != TR_OK ? err : out->err;
}

/* Send and read all; bounded in size and time. The socket is the actor's, so a cancel closes it. */
static tr_err exchange(const char *address, tr_str request, int64_t deadline, tr_buf *answer)
{
	tr_port socket;
	tr_err err = tr_connect(address, TR_FRAME_RAW, TR_PASSIVE, &socket, deadline);

	if (err != TR_OK)
		return err;
	err = tr_port_send(socket, request, deadline);
	answer->max = ANSWER_MAX;
	while (err == TR_OK) {
		tr_value part = tr_port_receive(socket, deadline);
		if (!tr_is_valid(part)) {
			err = tr_value_err(part) == TR_ECLOSED ? TR_OK : tr_value_err(part);
			break;
		}
		tr_buf_put(answer, tr_as_str(part).p, tr_as_str(part).n);
		tr_drop(part);
		err = answer->err;
	}
	tr_port_close(socket, 0);
	return err;
}

static tr_value refused(int status, tr_value body)
{
	const char *said = tr_as_cstr(TR_GET(body, "error", "message"), "no reason given");
	const char *kind = status == 401 || status == 403 ? "auth" : status == 429 ? "rate_limit" : "endpoint";
	tr_value o =
	    tr_outcome_error(kind, status == 429 || status >= 500, "the endpoint answered %d: %s", status, said);

	return tr_outcome_error_put(o, "code", tr_int(status));
}

/* The outcome that an HTTP answer makes. */
static tr_value outcome_of(tr_str answer)
{
	const char *end = answer.n == 0 ? NULL : memmem(answer.p, answer.n, "\r\n\r\n", 4);
	int status = answer.n > 12 && memcmp(answer.p, "HTTP/1.", 7) == 0 ? atoi(answer.p + 9) : 0;

	if (end == NULL || status == 0)
		return tr_outcome_error("endpoint", true, "the endpoint's answer is no HTTP");
	size_t head = (size_t)(end - answer.p) + 4;
	tr_value body = tr_json_read((tr_str){answer.p + head, answer.n - head}, NULL, NULL);
	tr_value choice = tr_array_at(tr_map_get_s(body, "choices"), 0), text = TR_GET(choice, "message", "content");
	tr_value outcome;
	if (status != 200)
		outcome = refused(status, body);
	else if (!tr_is(text, TR_STRING))
		outcome =
		    tr_outcome_error("endpoint", false, "the endpoint's answer has no choices[0].message.content");
	else
		outcome = tr_outcome_ok(TR_DICT("text", tr_keep(text), "model", tr_keep(tr_map_get_s(body, "model")),
						"usage", tr_keep(tr_map_get_s(body, "usage")), "finish_reason",
						tr_keep(tr_map_get_s(choice, "finish_reason"))));
	tr_drop(body);
	return outcome;
}

static tr_value chat_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_buf request = {0}, answer = {0};
	tr_value messages = messages_of(command);

	(void)plugin;
	if (!tr_is_valid(messages))
		return tr_outcome_error("input", false, "chat needs `prompt` (text) or `messages` (a list)");
	tr_err err = request_text(config, command, messages, &request);
	if (err == TR_OK)
		err = exchange(setting(config, "address"), tr_buf_str(&request), tr_in(115 * TR_SECOND), &answer);
	tr_value outcome;
	if (err == TR_EDENIED)
		outcome =
		    tr_outcome_error("denied", false, "chat needs the grant for %s: net, or fs:<path> of a socket",
				     setting(config, "address"));
	else if (err != TR_OK)
		outcome = tr_outcome_error("connection", true, "%s cannot be asked: %s", setting(config, "address"),
					   tr_err_text(err));
	else
		outcome = outcome_of(tr_buf_str(&answer));
	tr_buf_fini(&request);
	tr_buf_fini(&answer);
	return outcome;
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .run = chat_run};
