/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that does what plugins should not, when asked; for tests of processes. Built with `run` or, with COMMAND,
 * with `command`. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <troupe/io.h>
#include <troupe/plugin.h>
#include <unistd.h>

/* Sanitizers map more than any limit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY ""
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY ""
#endif
#endif
#ifndef MEMORY
#ifdef SMALL
#define MEMORY "\"memory\": 200000000, "
#else
#define MEMORY "\"memory\": 500000000, "
#endif
#endif

#ifndef ID
#ifdef COMMAND
#define ID "tame"
#else
#define ID "wild"
#endif
#endif
#ifndef TIME
#define TIME "20"
#endif
#ifndef ISOLATION
#define ISOLATION "process"
#endif

#ifndef MORE
#define MORE ""
#endif

#ifdef COMMAND
TR_PLUGIN_MANIFEST("{\"id\": \"" ID "\", \"version\": \"1.0.0\", " MORE "\"isolation\": \"" ISOLATION "\"}");
#else
TR_PLUGIN_MANIFEST("{\"id\": \"" ID "\", \"version\": \"1.0.0\", \"isolation\": \"" ISOLATION
		   "\", \"needs\": [\"call:friend\", \"net\", \"exec\"],"
		   "\"config\": {\"n\": {\"type\": \"int\", \"default\": 5}},"
		   "\"hooks\": [{\"type\": \"before\", \"point\": \"step_run\"}],"
		   "\"limits\": {" MEMORY "\"time\": " TIME "}}");
#endif

static volatile int *volatile nowhere;
static int counter;

/* Of a system call: its error, 0 when it went through. */
static tr_value result_of(long returned)
{
	return tr_outcome_ok(tr_int(returned < 0 ? errno : 0));
}

static tr_value leak(void)
{
	if (MEMORY[0] == '\0')
		abort();
	for (size_t i = 0; i < 4096; i++) {
		char *block = malloc(1 << 20);
		if (block == NULL)
			abort();
		memset(block, 1, 1 << 20);
	}
	return tr_outcome_ok(tr_string("four gigabytes"));
}

/* The same wishes through the library: each one's error. */
static tr_value reach(const char *path)
{
	static const char *const argv[] = {"true", NULL};
	tr_port_options options = {.file = "true", .argv = argv};
	tr_port port;
	tr_value file = tr_file_read(path, 1 << 20);
	tr_value out = TR_DICT(
	    "file", tr_string(tr_err_name(tr_value_err(file))), "exec",
	    tr_string(tr_err_name(tr_port_open(&options, &port))), "net",
	    tr_string(tr_err_name(tr_connect("127.0.0.1:1", TR_FRAME_RAW, TR_PASSIVE, &port, tr_in(5 * TR_SECOND)))),
	    "call", tr_string(tr_err_name(tr_plugin_cast("enemy", tr_nil()))), "secret",
	    tr_bool(tr_plugin_granted("secret:API_KEY")));
	tr_drop(file);
	return tr_outcome_ok(out);
}

static tr_value act(tr_value config, tr_value command)
{
	const char *what = tr_as_cstr(tr_command_input(command, "do"), "");

	if (strcmp(what, "echo") == 0)
		return tr_outcome_ok(tr_keep(tr_command_input(command, "value")));
	if (strcmp(what, "config") == 0)
		return tr_outcome_ok(tr_keep(config));
	if (strcmp(what, "count") == 0)
		return tr_outcome_ok(tr_int(++counter));
	if (strcmp(what, "pid") == 0)
		return tr_outcome_ok(tr_int(getpid()));
	if (strcmp(what, "null") == 0)
		*nowhere = 1;
	if (strcmp(what, "exit") == 0)
		exit(0);
	if (strcmp(what, "loop") == 0) {
		tr_plugin_emit("wild.running", tr_nil());
		for (volatile int i = 0;; i++)
			;
	}
	if (strcmp(what, "wait") == 0) {
		tr_plugin_emit("wild.running", tr_nil());
		tr_drop(tr_receive_ref(tr_make_ref(), TR_FOREVER));
	}
	if (strcmp(what, "raise") == 0)
		tr_exitf("fell over inside");
	if (strcmp(what, "flood") == 0)
		for (;;)
			tr_plugin_emit("wild.flood", tr_string("more and more"));
	if (strcmp(what, "yielding loop") == 0)
		for (;;)
			tr_reduce(100);
	if (strcmp(what, "bomb") == 0) { /* children that never end, and it does */
		for (int i = 0; i < 4; i++)
			if (syscall(SYS_clone, 17, 0, 0, 0, 0) == 0)
				for (;;)
					pause();
		exit(0);
	}
	if (strcmp(what, "reach") == 0)
		return reach(tr_as_cstr(tr_command_input(command, "path"), ""));
	if (strcmp(what, "leak") == 0)
		return leak();
	if (strcmp(what, "fork") == 0)
		return result_of(syscall(SYS_clone, 17, 0, 0, 0, 0));
	if (strcmp(what, "exec") == 0)
		return result_of(syscall(SYS_execve, "/bin/true", NULL, NULL));
	if (strcmp(what, "socket") == 0)
		return result_of(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	if (strcmp(what, "open") == 0)
		return result_of(
		    syscall(SYS_openat, AT_FDCWD, tr_as_cstr(tr_command_input(command, "path"), ""), O_RDONLY, 0));
	if (strcmp(what, "call") == 0) {
		tr_value v = tr_plugin_call(tr_as_cstr(tr_command_input(command, "id"), ""), tr_string("hello"),
					    tr_in(60 * TR_SECOND));
		return tr_outcome_ok(tr_is_valid(v) ? v : tr_string(tr_err_name(tr_value_err(v))));
	}
	if (strcmp(what, "emit") == 0)
		return tr_outcome_ok(tr_int(tr_plugin_emit("wild.thing", tr_int(7))));
	if (strcmp(what, "granted") == 0)
		return tr_outcome_ok(tr_bool(tr_plugin_granted(tr_as_cstr(tr_command_input(command, "grant"), ""))));
	return tr_outcome_error("unknown", false, "no such thing: %s", what);
}

static tr_value wild_run(tr_value config, tr_pid plugin, tr_value command)
{
	(void)plugin;
	return act(config, command);
}

static tr_value wild_command(void *state, tr_value command)
{
	(void)state;
	return act(tr_nil(), command);
}

static tr_value wild_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)from;
	return TR_LIST(tr_string("heard"), tr_keep(request));
}

static tr_value wild_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			  void *chain, tr_value *reason)
{
	(void)state;
	(void)point;
	(void)next;
	(void)chain;
	if (!tr_is_valid(tr_map_get_s(context, "refuse")))
		return tr_map_put_s(tr_keep(context), "hooked", tr_int(getpid()));
	*reason = tr_string("refused far away");
	return tr_invalid(TR_EDENIED);
}

#ifdef COMMAND
TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .command = wild_command};
static tr_value (*const unused_run)(tr_value, tr_pid, tr_value) __attribute__((unused)) = wild_run;
static tr_value (*const unused_call)(void *, tr_value, tr_from) __attribute__((unused)) = wild_call;
static tr_value (*const unused_hook)(void *, const char *, tr_value, tr_value (*)(void *, tr_value), void *, tr_value *)
    __attribute__((unused)) = wild_hook;
#else
TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .run = wild_run, .call = wild_call, .hook = wild_hook};
static tr_value (*const unused_command)(void *, tr_value) __attribute__((unused)) = wild_command;
#endif
