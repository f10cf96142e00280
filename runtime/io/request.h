/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question of an actor to the loop. The actor parks until it is answered or its deadline passes. It is on the heap
 * with two references, the actor's and the loop's, because either may go first: the actor by a time-out or by being
 * killed (then the request is abandoned, and nothing of a late answer reaches its mailbox).
 */
#ifndef TROUPE_IO_REQUEST_H
#define TROUPE_IO_REQUEST_H

#include "runtime/io/reactor.h"

enum request_state {
	REQUEST_PENDING,
	REQUEST_DONE,
	REQUEST_ABANDONED
};

struct request {
	struct task start;  /* run: what the operation does on the loop */
	struct task cancel; /* posted when the request is abandoned */
	struct reactor *reactor;
	tr_pid pid;
	bool poll; /* the deadline has passed already: answer at once, TR_ETIMEOUT rather than wait */
	_Atomic int refs;
	_Atomic int state; /* enum request_state; decided once */
	_Atomic int flag;  /* what the actor waits for */

	/* Loop: set while the request waits for something there; undoes that. The loop's reference goes afterwards. */
	void (*on_cancel)(struct request *q);
	struct request *next; /* loop: in a request_list */
	/* Frees what the operation added, at the very end. May be NULL. */
	void (*on_free)(struct request *q);

	/* The answer, complete when the state is REQUEST_DONE. */
	tr_err err;
	int os_error;
	tr_value value;
	void *pointer;
};

struct request_list {
	struct request *first, *last;
};

/* A request of `size` bytes for the calling actor; NULL with *err set. Between this and request_ask the caller must not
 * block. `run` is called on the loop. */
#define request_new(size, run, err) request_new_for(__func__, (size), (run), (err))
void *request_new_for(const char *what, size_t size, void (*run)(struct task *task), tr_err *err);
/* A request that was never asked. */
void request_discard(struct request *q);
/* Hand it to the loop and park. Gives the error; other parts of the answer are in q until request_end. On a time-out
 * the error is TR_ETIMEOUT and the rest is empty. */
tr_err request_ask(struct request *q, int64_t deadline);
/* Like request_ask, but an exit is put off until the answer is there: the loop may use memory of the caller. */
tr_err request_ask_unkillable(struct request *q);
/* The same in steps, for what must be done between: make ready (the deadline decides whether it is a poll), hand to the
 * loop, wait; or take it back before it was handed over. No other blocking in between. */
tr_err request_prepare(struct request *q, int64_t deadline);
void request_post(struct request *q);
tr_err request_wait(struct request *q, int64_t deadline, bool unkillable);
void request_withdraw(struct request *q);
/* The actor is through with it. */
void request_end(struct request *q);

/* ---- loop ---- */

/* Answer, and give the loop's reference back. Takes value. False when the asker is gone: then value is not taken. */
bool request_answer(struct request *q, tr_err err, tr_value value);
/* The same for an error of libuv (a negative errno). */
bool request_answer_uv(struct request *q, int uv_error);
/* Nobody waits any more? */
bool request_is_gone(struct request *q);
/* The loop gives its reference back without answering (the asker is gone). */
void request_forget(struct request *q);

/* For as long as libuv uses memory in the request. */
void request_hold(struct request *q);
void request_unhold(struct request *q);

void request_list_add(struct request_list *list, struct request *q);
void request_list_remove(struct request_list *list, struct request *q);
struct request *request_list_take(struct request_list *list);

/* What an errno is among our errors. */
tr_err err_from_errno(int os_error);

#endif
