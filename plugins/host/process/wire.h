/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The frames between a node and the process of an isolated plugin: MessagePack arrays that begin with a word, behind
 * four bytes of length. Both sides take the other's bytes as hostile.
 *
 * to the process                           from it
 *   init, {object, id, config, grants, memory}   ready, has run? | failed, text (then it ends)
 *   run, n, command                        done, n, outcome
 *   cancel, n
 *   call, n, request                       result, n, value
 *   cast, request
 *   hook, n, point, context                hooked, n, reply (as the instance's, see instance.h)
 *   health, n                              result, n, value
 *   answer, n, ok?, value                  ask, n, call, id, request | ask, 0, cast, id, request
 *   event, type, payload                   ask, 0, emit, type, payload | ask, 0, subscribe, pattern
 *   stop
 */
#ifndef TROUPE_PLUGINS_HOST_PROCESS_WIRE_H
#define TROUPE_PLUGINS_HOST_PROCESS_WIRE_H

#include <troupe/value.h>

#define WIRE_MAX ((size_t)300 << 20)

/** Append the frame's content. Takes the message. What cannot leave a process (objects) is TR_ETYPE. */
tr_err wire_write(tr_buf *out, tr_value message);
/** A fresh array that begins with text; invalid when it is none. Of a sender that is not trusted, names that are no
 * atoms yet become text. */
tr_value wire_read(tr_str content, bool trusted);
/** Is the message's first word this? */
bool wire_is(tr_value message, const char *word);

#endif
