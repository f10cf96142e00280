/* SPDX-License-Identifier: Apache-2.0 */
/** The operations of the kind nats: each takes a connected task and gives its outcome (fresh). */
#ifndef TROUPE_PLUGINS_NATS_OPERATIONS_H
#define TROUPE_PLUGINS_NATS_OPERATIONS_H

#include "plugins/actions/nats/ask.h"

/* bucket.c: a key-value bucket is a stream KV_<bucket> with a subject $KV.<bucket>.<key> for each key. */
tr_value nats_kv_get(nats_task *t);
tr_value nats_kv_put(nats_task *t);
tr_value nats_kv_delete(nats_task *t);
tr_value nats_kv_keys(nats_task *t); /* keys.c */

/* subject.c */
tr_value nats_publish(nats_task *t);
tr_value nats_request(nats_task *t);

/* stream.c */
tr_value nats_js_publish(nats_task *t);
tr_value nats_js_get(nats_task *t);

/* ---- what they share (stream.c) ---- */

/** The last message of a subject, or with seq > 0 that one, as the server stores it: {subject, seq, data: binary,
 * headers, time} (fresh); absent when there is none; invalid with an outcome in *fault. `what` names it in messages. */
tr_value nats_stored(nats_task *t, const char *stream, const char *subject, int64_t seq, const char *what,
		     tr_value *fault);
/** Store a message: the server's acknowledgement {stream, seq, duplicate?} (fresh), or invalid with *fault. */
tr_value nats_store(nats_task *t, const char *subject, tr_value data, tr_value headers, const char *what,
		    tr_value *fault);

/** Absent when it can be sent to: words between dots, without wildcards; else an outcome. */
tr_value nats_subject_check(const char *subject);
/** The parts of `message` {data, headers} as `name` (what it means) and `body` (text or bytes) in a result. Takes out.
 */
tr_value nats_put_content(tr_value out, const char *name, tr_value message);

#endif
