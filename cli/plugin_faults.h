/* SPDX-License-Identifier: Apache-2.0 */
/** What the hooks of a node's plugins have to say of a playbook, as the checker says what it finds itself. */
#ifndef TROUPE_CLI_PLUGIN_FAULTS_H
#define TROUPE_CLI_PLUGIN_FAULTS_H

#include "cli/remote.h"
#include "playbook/yaml/diagnostic.h"

/** The faults that the catalog answers to [validate, file, source]: those that `out` does not have yet are added.
 * Borrows. */
void plugin_faults_add(tr_value faults, diagnostics *out);
/** Ask the node; borrows, `*faults` is to be dropped. False: it did not answer. */
bool plugin_faults_ask(remote *r, tr_value file, tr_str source, tr_value *faults);

#endif
