/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What goes over a node's socket: frames of a length (four bytes, most significant first) and one msgpack value.
 *
 *   asked     [id int > 0, subject text, request value, timeout_ms int]
 *   answered  [id, ok, value] or [id, error, text]
 *   asked     [id, "watch", execution_id]                   answered [id, ok, ok] or [id, error, text]
 *   told      [0, event, execution_id, [event array …]]     to whoever watches, in order
 *             [0, done, execution_id, summary map]          the watched execution is finished
 *             [0, down, execution_id, reason text]          its actor ended before it was finished
 *             [0, error, text]                              the connection is closed after this; what has no answer
 *                                                           was not performed
 *
 * Subjects: `node` (the endpoint's own: [status] -> map {version, pid, mode, data, started_at_us}; [stop] -> ok), and
 * the names in edge.h, whose requests are those of actors/protocol.h. In a start or a resume of `executions`, `true` in
 * the place of the watcher's pid means this connection.
 *
 * Pure functions, for both sides.
 */
#ifndef TROUPE_ACTORS_EDGE_WIRE_H
#define TROUPE_ACTORS_EDGE_WIRE_H

#include <troupe/value.h>

#define WIRE_SOCKET "node.sock"           /* in the data folder */
#define WIRE_MAX    (16u * 1024u * 1024u) /* bytes of one frame's value */
#define WIRE_HEAD   4u
/* How a refusal begins when there is no place: as the first word on a connection, for all; as an answer, for what
 * watches. */
#define WIRE_FULL "the endpoint is full"

typedef enum wire_result {
	WIRE_OK,
	WIRE_MORE, /* the frame is not whole yet */
	WIRE_BAD   /* no frame of this protocol: nothing behind it can be understood */
} wire_result;

/** Append a frame (borrows the value). TR_ELIMIT when it is too large; then nothing was appended. */
tr_err wire_put(tr_buf *out, tr_value v);
/** The frame at the front of `bytes`: *v fresh and *used its length when WIRE_OK. */
wire_result wire_get(tr_str bytes, tr_value *v, size_t *used);

#endif
