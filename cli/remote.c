/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a node's endpoint. */
#include "cli/remote.h"

#include "actors/edge/wire.h"
#include "actors/store/layout.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS         500
#define CONNECT_WAIT_MS 10000
#define TURNED_AWAY_MS  50
#define PLACE_WAIT_MS   30000

struct remote {
	int fd;
	bool heard;  /* an answer has come */
	bool closed; /* the node has said that it closes, and why */
	layout_path data;
	int64_t last_id;
	tr_buf in;
	tr_value kept; /* array of watched frames that came while an answer was waited for */
	bool late;     /* the last wait ended without an answer */
};

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int connect_to(const char *data, char *why, size_t n)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	if (strlen(data) + sizeof "/" WIRE_SOCKET > sizeof un.sun_path) {
		(void)snprintf(why, n, "%.200s: the folder's name is too long for a socket in it", data);
		return -1;
	}
	(void)snprintf(un.sun_path, sizeof un.sun_path, "%.90s/" WIRE_SOCKET, data);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&un, sizeof un) == 0)
		return fd;
	int err = errno;
	if (fd >= 0)
		close(fd);
	long owner = layout_lock_owner(data);
	if (owner == 0)
		(void)snprintf(why, n, "%.200s: no node is running there", data);
	else
		(void)snprintf(why, n, "%.200s: process %ld owns it and cannot be reached: %s", data, owner,
			       strerror(err));
	return -1;
}

remote *remote_open(const char *data, char *why, size_t n)
{
	int fd = connect_to(data, why, n);
	if (fd < 0)
		return NULL;
	remote *r = tr_alloc(sizeof *r);
	if (r == NULL) {
		close(fd);
		(void)snprintf(why, n, "out of memory");
		return NULL;
	}
	r->fd = fd;
	r->kept = tr_array();
	(void)snprintf(r->data, sizeof r->data, "%s", data);
	return r;
}

void remote_close(remote **slot)
{
	remote *r = *slot;
	*slot = NULL;
	if (r == NULL)
		return;
	close(r->fd);
	tr_buf_fini(&r->in);
	tr_drop(r->kept);
	tr_free(r);
}

static bool send_all(remote *r, tr_str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(r->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return true;
}

static void consume(remote *r, size_t used)
{
	memmove(r->in.p, r->in.p + used, r->in.n - used);
	r->in.n -= used;
}

/* One frame of any kind. */
static remote_news take_frame(remote *r, int64_t deadline_ms, tr_value *frame, char *why, size_t n)
{
	for (;;) {
		size_t used = 0;
		wire_result result = wire_get(tr_buf_str(&r->in), frame, &used);
		if (result == WIRE_OK) {
			consume(r, used);
			return REMOTE_FRAME;
		}
		if (result == WIRE_BAD) {
			(void)snprintf(why, n, "what the node says cannot be understood");
			return REMOTE_GONE;
		}
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();
		if (deadline_ms >= 0 && left < 0)
			left = 0;
		struct pollfd p = {.fd = r->fd, .events = POLLIN};
		errno = 0;
		int ready = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
		if (ready <= 0)
			return REMOTE_TIMEOUT;
		char *at = tr_buf_reserve(&r->in, 65536);
		ssize_t got = at == NULL ? -1 : recv(r->fd, at, 65536, 0);
		if (got < 0 && at != NULL && errno == EINTR)
			continue;
		if (got <= 0) {
			(void)snprintf(why, n, REMOTE_GONE_TEXT "%s%s", got < 0 ? ": " : "",
				       got < 0 ? strerror(errno) : "");
			return REMOTE_GONE;
		}
		r->in.n += (size_t)got;
	}
}

static bool send_request(remote *r, tr_value v, char *why, size_t n)
{
	tr_buf out = {0};
	tr_err err = tr_is_valid(v) ? wire_put(&out, v) : tr_value_err(v);
	tr_drop(v);
	bool good = err == TR_OK && send_all(r, tr_buf_str(&out));
	if (err != TR_OK)
		(void)snprintf(why, n, "the request cannot be sent: %s",
			       err == TR_ELIMIT ? "it is larger than 16 MiB" : tr_err_text(err));
	else if (!good)
		(void)snprintf(why, n, REMOTE_GONE_TEXT ": %s", strerror(errno));
	tr_buf_fini(&out);
	return good;
}

/* What the frame answers; false with its reason. */
static bool take_answer(tr_value frame, tr_value *answer, char *why, size_t n)
{
	tr_value value = tr_array_at(frame, 2);
	bool good = TR_IS_A(tr_array_at(frame, 1), ok);
	if (good && TR_IS_A(tr_array_at(value, 0), error)) {
		value = tr_array_at(value, 1);
		good = false;
	}
	if (good)
		*answer = tr_keep(value);
	else
		(void)snprintf(why, n, "%s", tr_as_cstr(value, "the node refused"));
	return good;
}

static bool await(remote *r, int64_t id, int timeout_ms, tr_value *answer, char *why, size_t n)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	for (;;) {
		tr_value frame;
		remote_news news = take_frame(r, deadline, &frame, why, n);
		if (news == REMOTE_TIMEOUT && errno == EINTR && (deadline < 0 || now_ms() < deadline))
			continue;
		if (news != REMOTE_FRAME) {
			r->late = news == REMOTE_TIMEOUT;
			if (r->late)
				(void)snprintf(why, n, "the node did not answer within %d ms", timeout_ms);
			return false;
		}
		int64_t of = tr_as_int(tr_array_at(frame, 0), -1);
		r->closed = of == 0 && TR_IS_A(tr_array_at(frame, 1), error);
		if (r->closed) {
			(void)snprintf(why, n, "%s", tr_as_cstr(tr_array_at(frame, 2), "the node refused"));
			tr_drop(frame);
			return false;
		}
		r->heard = true;
		if (of == id) {
			bool good = take_answer(frame, answer, why, n);
			tr_drop(frame);
			return good;
		}
		if (of == 0)
			r->kept = tr_array_push(r->kept, frame);
		else
			tr_drop(frame); /* an answer that came too late */
	}
}

/* The node has no place for us yet, and has read nothing: a new connection. */
static bool reconnect(remote *r)
{
	char why[300];
	(void)nanosleep(&(struct timespec){.tv_nsec = TURNED_AWAY_MS * 1000000L}, NULL);
	int fd = connect_to(r->data, why, sizeof why);
	if (fd < 0)
		return false;
	close(r->fd);
	r->fd = fd;
	r->closed = false;
	tr_buf_fini(&r->in);
	return true;
}

/* One that has closed may have said why. */
static void take_last_word(remote *r, char *why, size_t n)
{
	char last[300];
	tr_value none = tr_absent();
	if (!await(r, -1, 0, &none, last, sizeof last) && r->closed)
		(void)snprintf(why, n, "%s", last);
}

static bool ask(remote *r, tr_value message, int timeout_ms, tr_value *answer, char *why, size_t n)
{
	int64_t id = tr_as_int(tr_array_at(message, 0), 0), patient_until = now_ms() + PLACE_WAIT_MS;
	bool good;
	do {
		good = send_request(r, tr_keep(message), why, n);
		if (good)
			good = await(r, id, timeout_ms < 0 ? -1 : timeout_ms + 1000, answer, why, n);
		else
			take_last_word(r, why, n);
	} while (!good && r->closed && !r->heard && strncmp(why, WIRE_FULL, sizeof WIRE_FULL - 1) == 0 &&
		 now_ms() < patient_until && reconnect(r));
	tr_drop(message);
	return good;
}

bool remote_call(remote *r, const char *subject, tr_value request, int timeout_ms, tr_value *answer, char *why,
		 size_t n)
{
	*answer = tr_absent();
	/* The node's own limit is a little shorter, so that its reason comes through. */
	return ask(r,
		   TR_LIST(tr_int(++r->last_id), tr_string(subject), request, tr_int(timeout_ms < 0 ? 0 : timeout_ms)),
		   timeout_ms, answer, why, n);
}

bool remote_call_while(remote *r, const char *subject, tr_value request, int timeout_ms, bool (*wait_on)(void *arg),
		       void *arg, tr_value *answer, char *why, size_t n)
{
	int64_t until = now_ms() + timeout_ms, id = ++r->last_id;
	*answer = tr_absent();
	r->late = false;
	bool good =
	    ask(r, TR_LIST(tr_int(id), tr_string(subject), request, tr_int(timeout_ms)), LOOK_MS, answer, why, n);
	while (!good && r->late && now_ms() < until + LOOK_MS && wait_on(arg))
		good = await(r, id, LOOK_MS, answer, why, n);
	return good;
}

bool remote_post(remote *r, const char *subject, tr_value request, char *why, size_t n)
{
	return send_request(r, TR_LIST(tr_int(++r->last_id), tr_string(subject), request, tr_int(0)), why, n);
}

bool remote_watch(remote *r, int64_t execution_id, char *why, size_t n)
{
	tr_value answer = tr_absent();
	bool good = ask(r, TR_LIST(tr_int(++r->last_id), tr_string("watch"), tr_int(execution_id)), CONNECT_WAIT_MS,
			&answer, why, n);
	tr_drop(answer);
	return good;
}

remote_news remote_next(remote *r, int timeout_ms, tr_value *frame, char *why, size_t n)
{
	*frame = tr_absent();
	if (tr_array_len(r->kept) > 0) {
		*frame = tr_keep(tr_array_at(r->kept, 0));
		tr_assign(&r->kept, tr_array_slice(r->kept, 1, tr_array_len(r->kept)));
		return REMOTE_FRAME;
	}
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	for (;;) {
		remote_news news = take_frame(r, deadline, frame, why, n);
		/* Others are answers to what was posted. */
		if (news != REMOTE_FRAME || tr_as_int(tr_array_at(*frame, 0), -1) == 0)
			return news;
		tr_assign(frame, tr_absent());
	}
}

tr_value remote_status(const char *data)
{
	char why[300];
	remote *r = remote_open(data, why, sizeof why);
	tr_value answer = tr_absent();
	if (r != NULL)
		(void)remote_call(r, "node", TR_LIST(tr_string("status")), CONNECT_WAIT_MS, &answer, why, sizeof why);
	remote_close(&r);
	return answer;
}
