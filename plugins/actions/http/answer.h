/* SPDX-License-Identifier: Apache-2.0 */
/** From a finished transfer to an outcome. */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_ANSWER_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_ANSWER_H

#include "plugins/actions/http/transfer.h"

/** The outcome; fresh. Inside an actor: large JSON is read on the dirty pool. */
tr_value http_answer(const http_request *r, http_transfer *t);
/** Does a content type say JSON? */
bool http_says_json(const char *type);
/** "METHOD http://host/path", without the query, for messages. Appends. */
void http_name(tr_buf *out, const http_request *r);
/** Seconds of a Retry-After header (a number or a date), at least 0; negative when it says nothing. */
double http_retry_after(const char *text, int64_t now_us);

#endif
