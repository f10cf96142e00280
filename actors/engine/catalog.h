/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The catalog: playbooks by content hash, as the actor registered as `catalog`. Messages: actors/protocol.h; `get`
 * answers with {hash, file, source, model, routes}. With a folder it keeps the sources on disk too, so that an
 * execution can be resumed by a process that never saw its playbook; then `get` takes the file's name as a third item,
 * for messages. `load` takes a playbook's path as another playbook names it: the catalog's own, or a file relative to
 * that playbook's.
 */
#ifndef TROUPE_ENGINE_CATALOG_H
#define TROUPE_ENGINE_CATALOG_H

#include "actors/engine/routes.h"
#include <troupe/gen_server.h>

/** The compiled playbook as a value for messages on one node (holds it), and back (borrowed; NULL when v is none). */
tr_value catalog_model_value(const playbook *p);
const playbook *catalog_model_of(tr_value v);

/** Start, linked; `arg` is the folder for sources (a string), or nil for none. For a child spec's start. */
tr_started catalog_start_link(tr_value arg, tr_value extra);

#endif
