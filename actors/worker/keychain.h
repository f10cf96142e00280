/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The keychain of playbooks: entries are resolved when a template first takes something from them, each once an
 * execution for as long as it holds, by the actor registered as `keychain`. What they hold is in memory only: no event,
 * log or note shows it. Source of the semantics: docs/playbook.md, "The later dialect".
 *
 *   static            `map` (or `data`, or the entry's other keys) as it is
 *   bearer            {token, access_token, authorization}
 *   oauth2            the answer of `endpoint` (asked through the http plugin), e.g. access_token
 *   secret_manager    `map` of field -> name of the secret, through the plugin `secrets` with `provider`
 *   credential        the stored credential `name`, through the same plugin
 *   another kind      the result of the plugin of that kind
 */
#ifndef TROUPE_WORKER_KEYCHAIN_H
#define TROUPE_WORKER_KEYCHAIN_H

#include "playbook/model/model.h"

#include <troupe/supervisor.h>

#define SUBJECT_KEYCHAIN "keychain"

/** What `keychain` gives in templates: a map of name -> value that resolves itself. Borrows; an empty map without
 * entries. */
tr_value keychain_map(const playbook *book, int64_t execution_id, tr_value workload, tr_value env);
/** The actor, for the data plane's tree. */
tr_child_spec keychain_child(void);

#endif
