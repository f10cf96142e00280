/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint's branch of the tree: the listener and the connections' supervisor. */
#include "actors/edge/edge.h"

#include "actors/edge/connection.h"
#include "actors/edge/wire.h"
#include "actors/protocol.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <troupe/io.h>
#include <troupe/log.h>
#include <troupe/sys.h>
#include <unistd.h>

#define CONNECTIONS "connections"
#define ENDPOINT    "endpoint"
#define START_NS    (10 * TR_SECOND)
#define REFUSE_NS   (1 * TR_SECOND)
#define PLACES      64
#define RESERVE     16
#define FIRST_NS    (15 * TR_SECOND)
#define REST_NS     (60 * TR_SECOND)
#define BRIEF_NS    (5 * TR_SECOND)

/* Bound in a folder that nobody else may enter and then put in place, so that the socket has its mode from the first
 * moment that it can be reached, and a stale one is replaced at once. */
#define PRIVATE_FOLDER ".edge"
#define PRIVATE_SOCKET PRIVATE_FOLDER "/s"

bool edge_subject_allowed(tr_str subject)
{
	static const char *const subjects[] = {SUBJECT_EXECUTIONS, SUBJECT_CATALOG, SUBJECT_STORE, "plugins"};
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		if (tr_str_is(subject, subjects[i]))
			return true;
	return false;
}

bool edge_request_allowed(tr_str subject, tr_value request)
{
	static const char *const words[] = {"start",   "resume",  "cancel", "pause",
					    "unpause", "summary", "watch",  "list"};
	tr_str word = tr_as_str(tr_array_at(request, 0));
	if (!tr_str_is(subject, SUBJECT_EXECUTIONS))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (tr_str_is(word, words[i]))
			return true;
	return false;
}

struct place {
	char folder[PATH_MAX], bound[PATH_MAX], path[PATH_MAX];
	int os_error;
};

static bool place_init(struct place *p, const char *data)
{
	struct sockaddr_un un;
	size_t n = strlen(data);
	p->os_error = 0;
	if (n + sizeof "/" WIRE_SOCKET > sizeof un.sun_path)
		return false;
	(void)snprintf(p->folder, sizeof p->folder, "%s/" PRIVATE_FOLDER, data);
	(void)snprintf(p->bound, sizeof p->bound, "%s/" PRIVATE_SOCKET, data);
	(void)snprintf(p->path, sizeof p->path, "%s/" WIRE_SOCKET, data);
	return true;
}

static void *do_prepare(void *arg)
{
	struct place *p = arg;
	(void)unlink(p->bound); /* of a process that died here */
	if (mkdir(p->folder, 0700) != 0 && errno != EEXIST)
		p->os_error = errno;
	return NULL;
}

static void *do_publish(void *arg)
{
	struct place *p = arg;
	if (chmod(p->bound, 0600) != 0 || rename(p->bound, p->path) != 0)
		p->os_error = errno;
	(void)rmdir(p->folder);
	return NULL;
}

struct listener {
	tr_port port;
	size_t places, reserve;
	tr_value taken, brief; /* who has which: maps, monitor -> true */
	char path[PATH_MAX];
};

static void remove_socket(void *ptr)
{
	struct listener *l = ptr;
	(void)unlink(l->path);
	tr_drop(l->taken);
	tr_drop(l->brief);
	tr_free(l);
}

static tr_err listen_here(struct place *p, tr_port *port)
{
	char address[PATH_MAX + 8];
	tr_err err;
	(void)tr_dirty(do_prepare, p, &err);
	if (err == TR_OK && p->os_error == 0) {
		(void)snprintf(address, sizeof address, "unix:%s", p->bound);
		err = tr_listen(address, 128, port);
		if (err != TR_OK)
			p->os_error = tr_io_errno();
	}
	if (err == TR_OK && p->os_error == 0)
		(void)tr_dirty(do_publish, p, &err);
	return err == TR_OK && p->os_error != 0 ? TR_EIO : err;
}

static tr_next refuse_start(const char *data, const char *why)
{
	return tr_next_stop(
	    TR_LIST(TR_A(shutdown), tr_stringf("%.300s: no other process can reach this one: %s", data, why)));
}

static tr_next listener_init(void *state, tr_value arg)
{
	const char *data = tr_as_cstr(tr_map_get_s(arg, "data"), "");
	struct place p;
	tr_port port;
	if (!place_init(&p, data))
		return refuse_start(data, "the folder's name is too long for a socket in it (107 bytes with "
					  "/" WIRE_SOCKET "); give a shorter one with --data");
	tr_err err = listen_here(&p, &port);
	if (err != TR_OK)
		return refuse_start(data, p.os_error != 0 ? strerror(p.os_error) : tr_err_text(err));
	struct listener *l = tr_alloc(sizeof *l);
	if (l == NULL)
		return tr_next_stop(TR_A(enomem));
	memcpy(l->path, p.path, sizeof l->path);
	l->port = port;
	l->places = (size_t)tr_as_int(tr_map_get_s(arg, "places"), PLACES);
	l->reserve = (size_t)tr_as_int(tr_map_get_s(arg, "reserve"), RESERVE);
	l->taken = tr_map();
	l->brief = tr_map();
	if (tr_own(l, remove_socket) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	*(struct listener **)state = l;
	return tr_next_then(TR_A(start));
}

static bool is_down(void *arg, tr_value m)
{
	(void)arg;
	return TR_IS_A(tr_array_at(m, 0), down);
}

static void leave_place(struct listener *l, tr_value down)
{
	tr_value ref = tr_array_at(down, 1);
	l->taken = tr_map_del(l->taken, ref);
	l->brief = tr_map_del(l->brief, ref);
}

/* It waits for nothing that the client does: what was not read of it is dropped. */
static void turn_away(tr_port socket, const struct listener *l)
{
	tr_buf out = {0};
	size_t n = tr_map_len(l->taken) + tr_map_len(l->brief);
	tr_value text =
	    n < l->places + l->reserve
		? tr_string("the node cannot take another client now; is it out of memory?")
		: tr_stringf(WIRE_FULL ": %zu clients are connected; wait until some of them have ended", n);
	tr_value frame = TR_LIST(tr_int(0), TR_A(error), text);
	if (tr_is_valid(frame) && wire_put(&out, frame) == TR_OK)
		(void)tr_port_send(socket, tr_buf_str(&out), tr_in(REFUSE_NS));
	tr_drop(frame);
	tr_buf_fini(&out);
	tr_port_close(socket, 0);
}

static void hand_over(tr_port socket, struct listener *l)
{
	tr_pid supervisor = tr_whereis(CONNECTIONS);
	bool brief = tr_map_len(l->taken) >= l->places;
	tr_started s = {.reason = tr_absent()};
	if (supervisor.bits != 0 && (!brief || tr_map_len(l->brief) < l->reserve))
		s = tr_supervisor_start_instance(supervisor, TR_DICT("brief", tr_bool(brief)), tr_in(START_NS));
	if (s.pid.bits == 0) {
		tr_drop(s.reason);
		turn_away(socket, l);
		return;
	}
	tr_value *kind = brief ? &l->brief : &l->taken;
	*kind = tr_map_put(*kind, tr_ref_value(tr_monitor(s.pid)), tr_bool(true));
	(void)tr_port_give(socket, s.pid);
	(void)tr_send(s.pid, TR_LIST(TR_A(connected), tr_int((int64_t)socket.id)));
}

static tr_next listener_accept(void *state, tr_value what)
{
	struct listener *l = *(struct listener **)state;
	tr_port socket;
	(void)what;
	for (;;) {
		tr_err err = tr_accept(l->port, TR_FRAME_RAW, TR_PASSIVE, &socket, TR_FOREVER);
		for (tr_value m; tr_is_valid(m = tr_receive_match(is_down, NULL, 0)); tr_drop(m))
			leave_place(l, m);
		if (err == TR_OK)
			hand_over(socket, l);
		else if (err == TR_ECLOSED)
			return tr_next_stop(TR_A(closed));
		else
			tr_sleep_until(tr_in(100 * TR_MS)); /* out of descriptors or memory */
	}
}

static const tr_gen_server listener_server = {
    .name = "endpoint",
    .state_size = sizeof(struct listener *),
    .init = listener_init,
    .handle_continue = listener_accept,
};

static tr_started start_listener(tr_value arg, tr_value extra)
{
	tr_spawn_options options = {.label = "endpoint", .name = "endpoint"};
	(void)extra;
	tr_started s = tr_gen_server_start_link(&listener_server, tr_keep(arg), &options, TR_FOREVER);
	if (s.pid.bits == 0 && !tr_as_bool(tr_map_get_s(arg, "required"), false)) {
		tr_log(TR_NOTICE, tr_absent(), "%s", tr_as_cstr(tr_array_at(s.reason, 1), "no endpoint"));
		tr_assign(&s.reason, tr_absent());
	}
	return s;
}

static tr_started start_connection(tr_value arg, tr_value extra)
{
	tr_spawn_options options = {.label = "connection"};
	return tr_gen_server_start_link(&connection_server, tr_map_merge(tr_keep(arg), tr_keep(extra)), &options,
					TR_FOREVER);
}

static tr_value about(const edge_options *o)
{
	return TR_DICT("data", tr_string_lossy(o->data, strlen(o->data)), "mode",
		       tr_string(o->mode != NULL ? o->mode : "node"), "owner",
		       o->owner != NULL ? tr_string(o->owner) : tr_nil(), "started_at_us", tr_int(tr_wall_us()),
		       "required", tr_bool(o->required), "places", tr_int(o->places != 0 ? o->places : PLACES),
		       "reserve", tr_int(o->reserve != 0 ? o->reserve : RESERVE), "first_ns",
		       tr_int(o->first_ns != 0 ? o->first_ns : FIRST_NS), "rest_ns",
		       tr_int(o->rest_ns != 0 ? o->rest_ns : REST_NS), "brief_ns",
		       tr_int(o->brief_ns != 0 ? o->brief_ns : BRIEF_NS));
}

tr_child_spec edge_child(const edge_options *options)
{
	tr_value arg = about(options);
	tr_child_spec instance = {
	    .start = start_connection, .arg = tr_keep(arg), .restart = TR_TEMPORARY, .label = "connection"};
	tr_supervisor_spec connections = {.strategy = TR_SIMPLE_ONE_FOR_ONE,
					  .intensity = 1,
					  .children = &instance,
					  .child_count = 1,
					  .name = CONNECTIONS,
					  .label = "connections"};
	tr_child_spec children[] = {
	    {.id = "connections",
	     .start = tr_supervisor_start,
	     .arg = tr_supervisor_arg(&connections),
	     .restart = TR_PERMANENT,
	     .type = TR_SUPERVISOR,
	     .label = "connections"},
	    {.id = ENDPOINT, .start = start_listener, .arg = arg, .restart = TR_PERMANENT, .label = "endpoint"},
	};
	tr_supervisor_spec spec = {.strategy = TR_REST_FOR_ONE,
				   .intensity = 3,
				   .period_ns = 30 * TR_SECOND,
				   .children = children,
				   .child_count = sizeof children / sizeof *children,
				   .name = "edge",
				   .label = "edge"};
	return (tr_child_spec){.id = "edge",
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR,
			       .label = "edge"};
}

void edge_close(int64_t deadline)
{
	tr_pid edge = tr_whereis("edge"), supervisor = tr_whereis(CONNECTIONS);
	tr_value children, end = TR_LIST(tr_atom("end"));

	if (edge.bits != 0)
		(void)tr_supervisor_terminate_child(edge, ENDPOINT, deadline);
	children = supervisor.bits != 0 ? tr_supervisor_which_children(supervisor, deadline) : tr_array();
	/* All at once: one whose client does not read keeps nobody else from its last words. */
	size_t n = tr_array_len(children);
	tr_pid *pids = tr_own_alloc((n + 1) * sizeof *pids);
	for (size_t i = 0; pids != NULL && i < n; i++)
		pids[i] = tr_as_pid(tr_map_get_s(tr_array_at(children, i), "pid"));
	tr_drop(children);
	if (pids != NULL)
		tr_drop(tr_multi_call(pids, n, tr_keep(end), deadline));
	tr_drop(end);
}
