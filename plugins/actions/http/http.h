/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind http: requests over HTTP and HTTPS. Inputs and results: docs/playbook.md, Results and tools. */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_H

#include <troupe/plugin.h>

extern const char http_manifest[];
extern const tr_plugin http_plugin;

#endif
