/* SPDX-License-Identifier: Apache-2.0 */
/* An actor reads frames and hands them to the bridge, an actor that starts the plugin and does what they say. */
#include "plugins/host/process/child.h"
#include "plugins/host/process/bridge.h"
#include "plugins/host/process/jail.h"
#include "plugins/host/process/wire.h"
#include "plugins/host/state.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <troupe/io.h>
#include <unistd.h>

#define FD_IN 3

/* What was read ahead. */
typedef struct reader {
	char bytes[65536];
	size_t at, n;
	bool drained;       /* the last read took all there was */
	tr_fd_watch *watch; /* NULL: the thread waits in the read */
} reader;

static bool read_more(reader *in)
{
	ssize_t got;

	do {
		if (in->drained && in->watch != NULL)
			(void)tr_fd_watch_wait(in->watch, FD_IN, TR_FD_READ, TR_FOREVER, NULL);
		got = read(FD_IN, in->bytes, sizeof(in->bytes));
		in->drained = got < (ssize_t)sizeof(in->bytes);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	in->at = 0;
	in->n = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static bool read_exactly(reader *in, void *to, size_t n)
{
	char *p = to;

	while (n > 0) {
		if (in->at == in->n && !read_more(in))
			return false;
		size_t some = in->n - in->at < n ? in->n - in->at : n;
		memcpy(p, in->bytes + in->at, some);
		in->at += some;
		p += some;
		n -= some;
	}
	return true;
}

/* The next frame as a value; invalid at the end, or when it is damaged. */
static tr_value read_message(reader *in)
{
	unsigned char head[4];

	if (!read_exactly(in, head, sizeof(head)))
		return tr_invalid(TR_ECLOSED);
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	char *bytes = n > WIRE_MAX ? NULL : tr_alloc(n + 1);
	if (bytes == NULL || !read_exactly(in, bytes, n)) {
		tr_free(bytes);
		return tr_invalid(TR_ECLOSED);
	}
	tr_value v = wire_read((tr_str){bytes, n}, true);
	tr_free(bytes);
	return v;
}

/* The shared object as a file of our own memory; its path in /proc. */
static bool place_object(tr_str bytes, char *path, size_t size)
{
	int fd = memfd_create("troupe-plugin", MFD_CLOEXEC);

	for (size_t at = 0; fd >= 0 && at < bytes.n;) {
		ssize_t n = write(fd, bytes.p + at, bytes.n - at);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd >= 0;
}

static int fail(const char *why)
{
	bridge_send(TR_LIST(tr_string("failed"), tr_string(why)));
	return 1;
}

/* Only what was given to this process on purpose stays open. */
static void close_others(void)
{
	long max = sysconf(_SC_OPEN_MAX);

	if (close_range(5, ~0u, 0) == 0)
		return;
	for (int fd = 5; fd < (max > 0 && max < 65536 ? (int)max : 65536); fd++)
		close(fd);
}

static void no_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report); /* the node on the other side reports how commands end */
}

static void not_ours(void *data)
{
	(void)data; /* it lives as long as the process */
}

static const tr_class reader_class = {"frames", not_ours};

/* arg: [reader, bridge] */
static void reader_body(tr_value arg)
{
	reader *in = tr_as_object(tr_array_at(arg, 0), &reader_class);
	tr_pid bridge = tr_as_pid(tr_array_at(arg, 1));

	in->watch = tr_fd_watch_new(NULL);
	if (in->watch == NULL || fcntl(FD_IN, F_SETFL, O_NONBLOCK) != 0)
		return;
	for (;;) {
		tr_value m = read_message(in);
		bool end = !tr_is_valid(m) || wire_is(m, "stop");
		if (end)
			tr_drop(m);
		if (end || tr_send(bridge, TR_LIST(tr_atom("frame"), m)) != TR_OK)
			return;
	}
}

static int serve(tr_node *node, tr_pid bridge, reader *in)
{
	tr_value arg = TR_LIST(tr_object(&reader_class, in), tr_pid_value(bridge));
	tr_spawned s = tr_node_spawn(node, reader_body, arg, NULL);

	if (s.err != TR_OK)
		return fail("the process of the plugin cannot read");
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	/* The plugin's `stop` runs; a plugin that hangs in it does not keep the process. */
	tr_node_send(node, bridge, TR_LIST(tr_atom("end")));
	tr_drop(tr_node_wait(node, bridge, 2 * TR_SECOND));
	_exit(0);
}

int plugin_child_main(void)
{
	tr_node_options options = {.name = "plugin", .schedulers = 2, .report = no_report};
	tr_value m, init;
	char path[64];
	reader *in = tr_alloc(sizeof(*in)); /* until the process ends */

	if (in == NULL)
		return 1;
	signal(SIGTERM, SIG_IGN); /* the end of the frames is what ends it, so that `stop` runs */
	close_others();
	m = read_message(in);
	init = tr_array_at(m, 1);
	if (!wire_is(m, "init") || !tr_is(init, TR_MAP))
		return 1;
	tr_value grants = tr_map_get_s(init, "grants");
	if (jail_enter(grants, (uint64_t)tr_as_int(tr_map_get_s(init, "memory"), 0)) != TR_OK)
		return fail("this kernel cannot confine a plugin to its grants");
	if (!place_object(tr_as_str(tr_map_get_s(init, "object")), path, sizeof(path)))
		return fail("the shared object cannot be placed in memory");
	tr_node *node = tr_node_start(&options, NULL);
	if (node == NULL)
		return fail("the process of the plugin cannot start its actors");
	tr_value arg = TR_LIST(tr_string(path), tr_keep(tr_map_get_s(init, "id")),
			       tr_keep(tr_map_get_s(init, "config")), tr_keep(grants));
	tr_drop(m);
	tr_spawned bridge = tr_node_spawn(node, bridge_body, arg, NULL);
	return bridge.err == TR_OK ? serve(node, bridge.pid, in)
				   : fail("the process of the plugin cannot start its actors");
}
