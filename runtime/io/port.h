/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an actor opened: an OS process, a socket or a listener. A port is named by a ref of its owner and belongs to the
 * loop; actors only ever have the name.
 */
#ifndef TROUPE_IO_PORT_H
#define TROUPE_IO_PORT_H

#include "runtime/io/frame.h"
#include "runtime/io/request.h"

enum port_kind {
	PORT_PROCESS,
	PORT_SOCKET,
	PORT_LISTENER
};

/* One stream of a port. */
struct channel {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} uv;
	struct port *port;
	bool open;
	bool reading;
};

enum {
	CHANNEL_MAIN,
	CHANNEL_READ,
	CHANNEL_STDERR,
	CHANNEL_STDOUT,
	CHANNELS
};

/* Registered with the owner by tr_own: its end closes the port. */
struct hold {
	struct task task;
	struct reactor *reactor;
	uint64_t id;
};

/* All of it: loop. */
struct port {
	struct port *next; /* in its bucket */
	struct reactor *reactor;
	uint64_t id;
	tr_pid owner;
	struct hold *hold; /* the owner's */
	enum port_kind kind;
	struct channel channels[CHANNELS];
	struct outlet *outlet; /* where actors write to `in` themselves; NULL: they cannot */
	struct channel *in;    /* we write */
	struct channel *out;   /* we read */
	unsigned handles;      /* of libuv that are not closed yet */
	bool closing;

	/* reading */
	struct frames frames;
	tr_value kept;  /* a frame taken for a receiver who then was gone; absent: none */
	int active;     /* tr_active, or how many frames more */
	bool ended;     /* end of stream, or failure */
	tr_err failure; /* why it ended, if not by its end; told once */
	int failure_errno;
	bool told_closed;
	struct request_list receivers;

	/* process */
	uv_process_t process;
	uv_timer_t grace;
	bool new_group;
	bool running;
	bool exited;
	bool told_exit;
	int os_pid;
	bool group_left; /* its group had members when it ended */
	int exit_status;
	struct request_list waiters;

	/* listener */
	struct request_list acceptors;
	bool connection_waits;

	struct request_list closers;
};

/* ---- life ---- */

/* A port with this id for the actor that asks; NULL without memory. */
struct port *port_new(struct reactor *r, enum port_kind kind, struct hold *hold, tr_pid owner);
struct port *port_find(struct reactor *r, uint64_t id);
/* Close everything: the process gets SIGTERM and, after grace_ns, SIGKILL. The port is freed when all is gone. */
void port_close(struct port *p, int64_t grace_ns);
void ports_close_all(struct reactor *r);
/* One of its handles has been closed. */
void port_handle_closed(struct port *p);

/* Account for a handle that was just initialised. */
void channel_opened(struct port *p, struct channel *c);
void channel_close(struct channel *c);

/* ---- owner ---- */

/* A hold registered with the calling actor; NULL with *err. It must be ended by hold_end unless a port took it. */
#define hold_new(err) hold_new_for(__func__, (err))
struct hold *hold_new_for(const char *what, tr_err *err);
void hold_end(struct hold *hold);
/* The destructor behind a hold. */
void hold_orphaned(void *hold);

/* ---- reading ---- */

/* Begin to read if somebody wants it, stop if nobody does, and give out what is there. */
void port_pump(struct port *p);
/* Read from a stream that is not the port's frames, as [name, port, binary]. */
void channel_read_chunks(struct channel *c);
/* Read what is there already, as far as somebody wants it. */
void port_read_now(struct port *p);
/* Read and throw away, so that a process that is told to end does not hang in a full pipe. */
void port_discard(struct port *p);

/* ---- process ---- */
void process_closing(struct port *p, int64_t grace_ns);
/* Send the signal to the process or its group. */
int process_signal(struct port *p, int number);

tr_value port_ref(const struct port *p);

/* The port a request is about. Otherwise the request is answered with TR_ECLOSED and NULL comes back. */
struct port *request_port(struct request *q, uint64_t id);

#endif
