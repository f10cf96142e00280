/* SPDX-License-Identifier: Apache-2.0 */
/** Bodies that go to the node's artifact store while they arrive, so that a large one is never in memory. Actor. */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_SPOOL_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_SPOOL_H

#include "plugins/actions/http/transfer.h"

/** The transfer has paused: what it has of the body goes to the store. TR_OK to go on (in memory, when there is no
 * store); else why not. */
tr_err http_spool_more(http_transfer *t);
/** It is over: t->stored is the body's ResultRef, when it went to the store. `context` is the command's. */
tr_err http_spool_end(http_transfer *t, tr_value context);

#endif
