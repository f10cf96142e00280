/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A point around something that an actor does over many messages (a step run, an iteration). The hooks run in an actor
 * of their own, the span; its owner goes on with its life and is told when to begin and what the end is.
 *
 * Owner: hook_span_open; on GO begin with the context; when done hook_span_close with the result; on END the result
 * stands. REFUSED instead of GO or END: a hook refused (or a replacer failed). A span whose owner ends, ends.
 */
#ifndef TROUPE_PLUGINS_HOST_HOOK_SPAN_H
#define TROUPE_PLUGINS_HOST_HOOK_SPAN_H

#include "plugins/host/host.h"

typedef struct hook_span {
	tr_pid actor; /* 0: there is no span */
	tr_ref ref, monitor;
} hook_span;

typedef enum hook_span_news {
	HOOK_SPAN_NONE,    /* the message is somebody else's */
	HOOK_SPAN_GO,      /* value: the context, changed or not */
	HOOK_SPAN_END,     /* value: the result. May come without GO, when a hook stood instead */
	HOOK_SPAN_REFUSED, /* value: the refusal as hooks_run gives it */
} hook_span_news;

/** Begin. Takes the context. Only where hooks_any said so. */
tr_err hook_span_open(hook_span *s, hook_point point, tr_value context);
static inline bool hook_span_is_open(const hook_span *s)
{
	return s->actor.bits != 0;
}
/** Is the message the span's? *value is borrowed from the message. */
hook_span_news hook_span_message(hook_span *s, tr_value message, tr_value *value);
/** What was gone around is done. Takes the result. */
void hook_span_close(const hook_span *s, tr_value result);
/** Give up: nobody waits for the hooks any more. */
void hook_span_drop(hook_span *s);

#endif
