/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Talking to the node that owns a data folder, from a process without one: blocking, over the node's socket
 * (actors/edge/wire.h). One thread.
 */
#ifndef TROUPE_CLI_REMOTE_H
#define TROUPE_CLI_REMOTE_H

#include <troupe/value.h>

/** How `why` begins when the connection has ended without a word. */
#define REMOTE_GONE_TEXT "the node is gone"

typedef struct remote remote;

/** Connect to the node that owns the folder. NULL with the reason in `why` (at least 300 bytes): nobody does, or
 * whoever does cannot be reached. */
remote *remote_open(const char *data, char *why, size_t n);
/** Ask a subject and wait for its answer: *answer is a fresh reference. False with the reason in `why`: the node
 * refused, did not answer in time, or is gone. Watched frames that come meanwhile are kept for remote_next. A negative
 * timeout waits for ever. Takes the request. An endpoint that has no place yet is asked again for a while. An answer
 * [error, text] of the subject itself counts as a refusal. */
bool remote_call(remote *r, const char *subject, tr_value request, int timeout_ms, tr_value *answer, char *why,
		 size_t n);
/** The same with a limit; while there is no answer, `wait_on` is asked every second or so whether there is any use in
 * waiting. */
bool remote_call_while(remote *r, const char *subject, tr_value request, int timeout_ms, bool (*wait_on)(void *arg),
		       void *arg, tr_value *answer, char *why, size_t n);
/** Ask without waiting; the answer is dropped. Takes the request. */
bool remote_post(remote *r, const char *subject, tr_value request, char *why, size_t n);
/** Be told of an execution's events and end from now on. */
bool remote_watch(remote *r, int64_t execution_id, char *why, size_t n);

typedef enum remote_news {
	REMOTE_FRAME,   /* *frame is [0, event | done | down, …], fresh */
	REMOTE_TIMEOUT, /* or a signal came */
	REMOTE_GONE     /* `why` says more */
} remote_news;
/** The next watched frame. */
remote_news remote_next(remote *r, int timeout_ms, tr_value *frame, char *why, size_t n);
/** *r becomes NULL. */
void remote_close(remote **r);

/** What `node` [status] says of whoever owns the folder; absent when nobody can be asked. Fresh. */
tr_value remote_status(const char *data);

#endif
