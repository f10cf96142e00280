/* SPDX-License-Identifier: Apache-2.0 */
/* Tests inside actors: a failed check ends the actor with its place, and the test sees the reason. */
#ifndef TEST_IO_CHECK_H
#define TEST_IO_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <troupe/io.h>

#define CHECK(x)                                                       \
	do {                                                           \
		if (!(x))                                              \
			tr_exitf("%s:%d: %s", __FILE__, __LINE__, #x); \
	} while (0)
#define CHECK_OK(x)                                                                                         \
	do {                                                                                                \
		tr_err err_ = (x);                                                                          \
		if (err_ != TR_OK)                                                                          \
			tr_exitf("%s:%d: %s gives %s, errno %d", __FILE__, __LINE__, #x, tr_err_name(err_), \
				 tr_io_errno());                                                            \
	} while (0)
/* Takes v. */
#define CHECK_TEXT(v, expected)                                                                   \
	do {                                                                                      \
		tr_value got_ = (v);                                                              \
		if (!tr_str_is(tr_as_str(got_), (expected)) || !tr_is_valid(got_))                \
			tr_exitf("%s:%d: %s gives %s \"%.100s\"", __FILE__, __LINE__, #v,         \
				 tr_err_name(tr_value_err(got_)), tr_as_cstr(got_, "(no text)")); \
		tr_drop(got_);                                                                    \
	} while (0)
#define CHECK_ERR(v, expected)                                                         \
	do {                                                                           \
		tr_value got_ = (v);                                                   \
		if (tr_is_valid(got_) || tr_value_err(got_) != (expected))             \
			tr_exitf("%s:%d: %s gives %s", __FILE__, __LINE__, #v,         \
				 tr_is_valid(got_) ? tr_type_name(tr_type_of(got_))    \
						   : tr_err_name(tr_value_err(got_))); \
	} while (0)

/* Long enough for a loaded machine; no test waits for it to pass. */
#define SOON tr_in(120 * TR_SECOND)

/* The next message must look so (without its second item, the port). */
#define CHECK_MESSAGE(port, name, expected)                                                                        \
	do {                                                                                                       \
		tr_value m_ = tr_receive(SOON);                                                                    \
		tr_buf b_ = {0};                                                                                   \
		tr_show(&b_, tr_array_len(m_) > 2 ? tr_array_at(m_, 2) : tr_nil(), 200);                           \
		if (!tr_str_is(tr_as_str(tr_array_at(m_, 0)), (name)) ||                                           \
		    !tr_equal(tr_array_at(m_, 1), tr_port_value(port)) || !tr_str_is(tr_buf_str(&b_), (expected))) \
			tr_exitf("%s:%d: expected %s %s, got %s %s", __FILE__, __LINE__, (name), (expected),       \
				 tr_as_cstr(tr_array_at(m_, 0), "nothing"), b_.p);                                 \
		tr_buf_fini(&b_);                                                                                  \
		tr_drop(m_);                                                                                       \
	} while (0)

#define CHECK_DATA(port, text)                                                                                  \
	do {                                                                                                    \
		tr_value d_ = tr_receive(SOON);                                                                 \
		if (!TR_IS_A(tr_array_at(d_, 0), data) || !tr_equal(tr_array_at(d_, 1), tr_port_value(port)) || \
		    !tr_str_is(tr_as_str(tr_array_at(d_, 2)), (text)))                                          \
			tr_exitf("%s:%d: expected data %s, got %s %s", __FILE__, __LINE__, (text),              \
				 tr_as_cstr(tr_array_at(d_, 0), "nothing"),                                     \
				 tr_as_cstr(tr_array_at(d_, 2), "nothing"));                                    \
		tr_drop(d_);                                                                                    \
	} while (0)

static inline void no_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

/* Run the body as an actor of a fresh node; it must end with `normal`. Actors that are killed on purpose are not
 * reported. */
static inline void run_actor(tr_body *body)
{
	tr_value reason = tr_run(&(tr_node_options){.report = no_report}, body, tr_nil());
	tr_buf text = {0};

	tr_show(&text, reason, 1000);
	if (!TR_IS_A(reason, normal))
		fail_msg("%s", tr_buf_str(&text).p);
	tr_buf_fini(&text);
	tr_drop(reason);
}

#define ACTOR_TEST(name)                       \
	static void name##_body(tr_value arg); \
	static void name(void **state)         \
	{                                      \
		(void)state;                   \
		run_actor(name##_body);        \
	}                                      \
	static void name##_body(tr_value arg __attribute__((unused)))

static inline void monitor_end(tr_pid pid)
{
	tr_ref ref = tr_monitor(pid);

	tr_drop(tr_receive_ref(ref, SOON));
}

#endif
