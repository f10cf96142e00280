/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The system monitor: an actor is told when another one strains the node.
 *
 * Source of the semantics: erlang:system_monitor/2. A node has one system monitor; a new one takes the place of the
 * old. It is told with messages [monitor, pid, kind, map], the kind an atom:
 *
 *   long_handler        {running_ns}      a handler runs longer than asked for, and still does
 *   long_message_queue  {long, length}    long is true when the queue has reached `queue_high`, and false, once, when
 * it is down to `queue_low` again large_state         {bytes}           the memory that tr_info tells has reached
 * `large_state`; again only after it was below busy_port           {port}            the actor has to wait because a
 * port or socket takes no more
 *
 * Long handlers are seen by the node's watch, which looks every fifth of long_handler_ns of tr_node_options. What a
 * handler's thread waited for a processor, since others had them all, does not count. Queues and states are looked at
 * ten times a second, more seldom where that would take more than a fiftieth of a core; a message counts once its actor
 * has taken it in. At most 1,000 messages a second are sent.
 */
#ifndef TROUPE_SYSTEM_MONITOR_H
#define TROUPE_SYSTEM_MONITOR_H

#include <troupe/node.h>

TR_EXTERN_C_BEGIN

typedef struct tr_system_monitor_options {
	tr_pid to;               /* who is told; the monitor ends with it */
	int64_t long_handler_ns; /* 0: not wanted */
	uint32_t queue_high;     /* 0: not wanted */
	uint32_t queue_low;      /* below queue_high; 0: when it is empty */
	size_t large_state;      /* bytes; 0: not wanted */
	bool busy_port;
} tr_system_monitor_options;

/** Begin, or with NULL end. TR_EINVAL when nothing is wanted or queue_low is not below queue_high, TR_ENOPROC when `to`
 *  is not there. From anywhere. */
TR_API tr_err tr_system_monitor(tr_node *node, const tr_system_monitor_options *options);

TR_EXTERN_C_END

#endif
