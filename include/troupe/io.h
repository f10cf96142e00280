/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Input and output for actors: OS processes (ports), sockets, files, DNS, signals. All calls look blocking, park the
 * calling actor only, and take absolute deadlines. Underneath is one reactor (libuv) a node.
 *
 * What an actor opens it owns: it is closed (a child killed and reaped) when the actor ends, however it ends.
 * Source of the semantics: the Erlang manual on ports and gen_tcp(3)/file(3).
 */
#ifndef TROUPE_IO_H
#define TROUPE_IO_H

#include <troupe/node.h>

TR_EXTERN_C_BEGIN

/** Start the node's reactor (once a node, before the first use; idempotent). */
TR_API tr_err tr_reactor_start(tr_node *node);

/** Run fn(loop, arg) in a turn of the reactor (loop is the uv_loop_t *). For rooms that drive another library on the
 * loop, such as libcurl. Turns come one after the other but on any thread; fn must not block; it answers actors with
 * tr_node_send. Callable from actors and other threads. */
TR_API tr_err tr_reactor_run(tr_node *node, void (*fn)(void *loop, void *arg), void *arg);

/* ---- ports: OS processes ---------------------------------------------------------------------------------------- */

/** How the bytes of a stream are cut into frames, in both directions. RAW: as they come, at most 64 KiB at once. LINE:
 * up to a line feed, which is neither delivered nor to be sent; an unfinished last line counts. 1, 2, 4: a length of so
 * many bytes, most significant first, before each frame. */
typedef enum tr_framing {
	TR_FRAME_RAW,
	TR_FRAME_LINE,
	TR_FRAME_1,
	TR_FRAME_2,
	TR_FRAME_4
} tr_framing;
typedef enum tr_active {
	TR_PASSIVE = 0,
	TR_ACTIVE = -1 /* or n > 0: active-n */
} tr_active;

typedef struct tr_port_options {
	const char *file;        /* looked up in PATH */
	const char *const *argv; /* NULL-terminated, argv[0] included */
	const char *const *env;  /* NULL-terminated "K=V"; NULL: inherited */
	const char *cwd;
	tr_framing framing;   /* of both directions */
	size_t max_frame;     /* 0: 64 MiB; a longer one closes the port with [error, frame_too_long] */
	int active;           /* tr_active or n */
	bool stderr_to_owner; /* stderr arrives as [stderr, port, binary]; else it is the node's stderr */
	bool new_group;       /* own process group; killing kills the group */
	/** Talk on fd 3 (child reads) and fd 4 (child writes) instead of stdin/stdout, which then arrive as
	 *  [stdout, port, binary] (stdin is /dev/null). */
	bool protocol_fds;
} tr_port_options;

/** A port, socket or listener is an actor's; the ref names it. Messages to the owner in active mode:
 *  [data, port, binary] a frame (or raw chunk, or line), [closed, port] end of stream,
 *  [exit_status, port, int] the process ended (128 + signal when killed), [error, port, atom/text], [passive, port].
 *  Closed comes after all data, the exit status last. Passive ports send nothing (but [stderr, …] and [stdout, …]);
 * what has not been told is told when they become active. A port that came to its end is still to be closed, by
 * tr_port_close or its owner's end. */
typedef struct tr_port {
	uint64_t id;
} tr_port;
TR_API tr_value tr_port_value(tr_port port); /* the ref used in messages */

TR_API tr_err tr_port_open(const tr_port_options *options, tr_port *port);
TR_API int tr_port_os_pid(tr_port port); /* 0 when it has ended */
/** Write a frame (framing adds the header). Parks while the pipe is full. Borrows. TR_ETIMEOUT: the frame, once begun,
 * is still written when there is room. With deadline 0 nothing was begun then, and TR_OK is told as soon as a part was
 * written: the rest follows. Any actor may send; frames are never mixed. */
TR_API tr_err tr_port_send(tr_port port, tr_str frame, int64_t deadline);
/** Passive mode: the next frame as a binary (fresh reference); invalid TR_ECLOSED at the end of stream, TR_ETIMEOUT. */
TR_API tr_value tr_port_receive(tr_port port, int64_t deadline);
TR_API tr_err tr_port_close_stdin(tr_port port);
/** As in Erlang, n is added to what is left of an n before. */
TR_API tr_err tr_port_set_active(tr_port port, int active);
TR_API tr_err tr_port_kill(tr_port port, int signal);
/** Wait for the end; the exit status, or invalid TR_ETIMEOUT. */
TR_API tr_value tr_port_wait(tr_port port, int64_t deadline);
/** Close: SIGTERM, after grace_ns SIGKILL, reap. */
TR_API void tr_port_close(tr_port port, int64_t grace_ns);
/** Make another actor the owner (controlling process). Only the owner may. */
TR_API tr_err tr_port_give(tr_port port, tr_pid to);

/* ---- stream sockets -----------------------------------------------------------------------------------------------
 */

/** "127.0.0.1:80", "[::1]:80", "localhost:80", "unix:/path". Port 0 binds a free one. */
TR_API tr_err tr_listen(const char *address, int backlog, tr_port *listener);
/** The bound address of a listener or socket as text ("127.0.0.1:43211"). Fresh reference. */
TR_API tr_value tr_socket_address(tr_port socket, bool peer);
TR_API tr_err tr_accept(tr_port listener, tr_framing framing, int active, tr_port *socket, int64_t deadline);
TR_API tr_err tr_connect(const char *address, tr_framing framing, int active, tr_port *socket, int64_t deadline);
TR_API tr_err tr_socket_shutdown(tr_port socket); /* no more sends */
/* Sockets also take tr_port_send, tr_port_receive, tr_port_set_active, tr_port_close, tr_port_give. */

/* ---- descriptors of other libraries -------------------------------------------------------------------------------
 */

enum {
	TR_FD_READ = 1,
	TR_FD_WRITE = 2
};
/** Park until a descriptor that another library owns (libpq, say) can be read or written. *ready (may be NULL): which
 * of the events; an error or hang-up counts as all of them. TR_ETIMEOUT; TR_EINVAL. The descriptor stays the caller's.
 */
TR_API tr_err tr_wait_fd(int fd, int events, int64_t deadline, int *ready);

/** The same for a descriptor that is waited for again and again, at a fraction of the cost. For one actor at a time,
 * and the only way in which that descriptor is waited for. Belongs to whoever made it, not to the actor: free it with
 * what the descriptor belongs to (tr_own). The descriptor may be another one at each wait, and may be closed between
 * waits. NULL with *err (may be NULL). */
typedef struct tr_fd_watch tr_fd_watch;
TR_API tr_fd_watch *tr_fd_watch_new(tr_err *err);
TR_API tr_err tr_fd_watch_wait(tr_fd_watch *watch, int fd, int events, int64_t deadline, int *ready);
TR_API void tr_fd_watch_free(tr_fd_watch *watch); /* NULL: nothing */

/* ---- files and names ------------------------------------------------------------------------------------------------
 */

/** Whole files, by the reactor's thread pool. `max` bounds what is read (TR_ELIMIT). */
TR_API tr_value tr_file_read(const char *path, size_t max);
/** Write to a temporary file beside, sync, rename. */
TR_API tr_err tr_file_write(const char *path, tr_str bytes);
/** errno of the calling actor's last failed io call (files, connect, …), 0 when none; text by strerror. */
TR_API int tr_io_errno(void);

/** Addresses of a host as an array of strings. Fresh reference; invalid TR_ENOENT. */
TR_API tr_value tr_resolve(const char *host, int64_t deadline);

/** Deliver [signal, int] to the calling actor when the process gets the signal, until the actor ends. */
TR_API tr_err tr_signal_subscribe(int signal);

TR_EXTERN_C_END

#endif
