/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Values as messages and back. Text and bytes go as they are, any other value as JSON; the header Content-Type says
 * which, so that what was written is what is read. What others wrote without one is JSON when it begins as an object or
 * a list, else text, else bytes. Pure functions.
 */
#ifndef TROUPE_PLUGINS_NATS_MESSAGE_H
#define TROUPE_PLUGINS_NATS_MESSAGE_H

#include <nats/nats.h>
#include <troupe/value.h>

/** A message for `subject`; headers: a map name -> text, number or list of them, or absent. NULL with a text in *why.
 */
natsMsg *message_make(const char *subject, const char *reply, tr_value v, tr_value headers, tr_value *why);
/** The same with bytes that are what they are, such as a request to the server itself. */
natsMsg *message_raw(const char *subject, const char *reply, tr_str bytes, tr_value headers, tr_value *why);

/** {subject, data: binary, headers: map, status: int | nil} of what arrived: status is the server's. Fresh. */
tr_value message_value(natsMsg *m);
/** Headers in their form on the wire, from the server's answers about stored messages. Fresh map. */
tr_value message_headers(tr_str text);

/** What the bytes mean; `headers` as above. Fresh reference. */
tr_value message_data(tr_str bytes, tr_value headers);
/** The bytes themselves: text when they are UTF-8, else binary. Fresh reference. */
tr_value message_body(tr_str bytes);

#endif
