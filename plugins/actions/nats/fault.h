/* SPDX-License-Identifier: Apache-2.0 */
/** What goes wrong with a server, as outcomes. Pure functions. */
#ifndef TROUPE_PLUGINS_NATS_FAULT_H
#define TROUPE_PLUGINS_NATS_FAULT_H

#include <nats/nats.h>
#include <troupe/plugin.h>

/** A connection that was not made. */
tr_value nats_fault_connect(natsStatus s, const char *text);
/** A message that could not be sent. */
tr_value nats_fault_send(natsStatus s, const char *subject);
/** The server's word that something is not allowed. */
tr_value nats_fault_denied(const char *subject);
/** The connection ended while an answer was waited for. */
tr_value nats_fault_lost(const char *subject);
/** No answer in time. */
tr_value nats_fault_late(const char *subject);
/** Nobody listens at the subject. */
tr_value nats_fault_nobody(const char *subject);
/** The `error` of a JetStream answer: {code, err_code, description}; what was asked for names it in the message. */
tr_value nats_fault_api(tr_value error, const char *what);

/** The same of a bucket, which is a stream: what to do about one that is not there. Takes the fault; any other stays as
 * it is. */
tr_value nats_fault_bucket(tr_value fault, const char *bucket);

#endif
