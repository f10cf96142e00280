/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind nats: key-value buckets, subjects and streams. Inputs and results: docs/playbook.md, section 10. */
#ifndef TROUPE_PLUGINS_ACTIONS_NATS_H
#define TROUPE_PLUGINS_ACTIONS_NATS_H

#include <troupe/plugin.h>

extern const char nats_manifest[];
extern const tr_plugin nats_plugin;

#endif
