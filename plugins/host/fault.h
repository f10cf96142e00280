/* SPDX-License-Identifier: Apache-2.0 */
/** A list of faults in something an author wrote, each "key.path: what is wrong and what would be right". */
#ifndef TROUPE_PLUGINS_HOST_FAULT_H
#define TROUPE_PLUGINS_HOST_FAULT_H

#include <troupe/value.h>

typedef struct fault_list {
	tr_value list; /* array of texts */
} fault_list;

void faults_init(fault_list *f);
/** The path is what printf-style `path` says. */
void faults_add(fault_list *f, const char *path, const char *fmt, ...) TR_PRINTF(3, 4);
bool faults_any(const fault_list *f);

#endif
