/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of chat against a stand-in for the endpoint, which says that it is one. It is an actor on
 * a socket of the file system, so no port is needed. */
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/io.h>
#include <troupe/plugin_test.h>
#include <unistd.h>

#define SOCKET FOLDER "/s.sock"

static bool whole(const tr_buf *b)
{
	const char *end = b->p == NULL ? NULL : strstr(b->p, "\r\n\r\n");
	const char *length = b->p == NULL ? NULL : strstr(b->p, "Content-Length: ");
	unsigned long n = 0;

	return end != NULL && length != NULL && sscanf(length + 16, "%lu", &n) == 1 &&
	       b->n >= (size_t)(end - b->p) + 4 + n;
}

static void answer_one(tr_port socket)
{
	tr_buf request = {0}, answer = {0};

	while (!whole(&request)) {
		tr_value part = tr_port_receive(socket, tr_in(10 * TR_SECOND));
		if (!tr_is_valid(part))
			break;
		tr_buf_put(&request, tr_as_str(part).p, tr_as_str(part).n);
		tr_drop(part);
	}
	const char *text = request.p == NULL ? "" : request.p;
	if (strstr(text, "Bearer wrong") != NULL)
		tr_buf_puts(&answer, "HTTP/1.0 401 No\r\n\r\n{\"error\": {\"message\": \"this key is not known\"}}");
	else if (strstr(text, "too much") != NULL)
		tr_buf_puts(&answer, "HTTP/1.0 429 Slow\r\n\r\n{\"error\": {\"message\": \"slow down\"}}");
	else
		tr_buf_puts(
		    &answer,
		    "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"model\": \"stand-in\", \"choices\": "
		    "[{\"message\": {\"role\": \"assistant\", \"content\": \"I am a stand-in, not a model.\"}, "
		    "\"finish_reason\": \"stop\"}], \"usage\": {\"total_tokens\": 7}}");
	tr_port_send(socket, tr_buf_str(&answer), tr_in(10 * TR_SECOND));
	tr_port_close(socket, 0);
	tr_buf_fini(&request);
	tr_buf_fini(&answer);
}

/* Until its node ends. arg: whom to tell the address. */
static void stand_in(tr_value arg)
{
	tr_port listener, socket;
	unlink(SOCKET);
	tr_err err = tr_listen("unix:" SOCKET, 16, &listener);

	tr_send(tr_as_pid(arg), tr_int(err));
	while (err == TR_OK && tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &socket, TR_FOREVER) == TR_OK)
		answer_one(socket);
}

static tr_value start_stand_in(tr_value arg)
{
	(void)arg;
	if (tr_spawn(stand_in, tr_pid_value(tr_self())).bits == 0)
		return tr_int(TR_ENOMEM);
	return tr_receive(tr_in(10 * TR_SECOND));
}

static tr_value ask(tr_plugin_world *w, const char *prompt)
{
	return tr_plugin_world_command(w, "chat", TR_DICT("prompt", tr_string(prompt)));
}

static void answers(tr_plugin_world *w)
{
	TR_EXPECT_INT(tr_plugin_world_do(w, start_stand_in, tr_nil()), TR_OK);
	tr_value o = ask(w, "who are you?");
	TR_EXPECT_SUCCESS(o);
	TR_EXPECT_TEXT(TR_GET(o, "result", "text"), "I am a stand-in, not a model.");
	TR_EXPECT_TEXT(TR_GET(o, "result", "model"), "stand-in");
	TR_EXPECT_INT(TR_GET(o, "result", "usage", "total_tokens"), 7);
	tr_drop(o);
	o = ask(w, "too much");
	TR_EXPECT_ERROR(o, "rate_limit");
	TR_EXPECT(tr_as_bool(TR_GET(o, "error", "retryable"), false));
	tr_drop(o);
}

static void tells_a_wrong_key(tr_plugin_world *w)
{
	TR_EXPECT_INT(tr_plugin_world_do(w, start_stand_in, tr_nil()), TR_OK);
	tr_value o = ask(w, "hello");
	TR_EXPECT_ERROR(o, "auth");
	tr_drop(o);
}

static void tells_that_nobody_answers(tr_plugin_world *w)
{
	tr_value o = ask(w, "hello");
	TR_EXPECT_ERROR(o, "connection");
	tr_drop(o);
	o = tr_plugin_world_command(w, "chat", tr_map());
	TR_EXPECT_ERROR(o, "input");
	tr_drop(o);
}

static void needs_its_grant(tr_plugin_world *w)
{
	tr_value o = ask(w, "hello");
	TR_EXPECT_ERROR(o, "denied");
	tr_drop(o);
}

#define GRANTS     "[\"net\", \"fs:" FOLDER "\"]"
#define HERE(more) "{\"address\": \"unix:" SOCKET "\"" more "}"
TR_PLUGIN_TESTS(
    {.name = "answers", .run = answers, .config = HERE(""), .grants = GRANTS},
    {.name = "answers from a process of its own",
     .run = answers,
     .config = HERE(""),
     .grants = GRANTS,
     .process = true},
    {.name = "tells a wrong key",
     .run = tells_a_wrong_key,
     .config = HERE(", \"api_key\": \"wrong\""),
     .grants = GRANTS},
    {.name = "tells that nobody answers", .run = tells_that_nobody_answers, .config = HERE(""), .grants = GRANTS},
    {.name = "needs its grant", .run = needs_its_grant, .config = HERE("")})
