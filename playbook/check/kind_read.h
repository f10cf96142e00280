/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a plugin's manifest says of the inputs of its tool kind, as the options of the capability `tool:<kind>`:
 *
 *   inputs     {key: {type, required, description, enum, min, max}}; type is one of string, int, number, bool, list,
 * map, any, or a list of these one_of     [[key, …], …]: of each list one at least must be there exclusive  [[key, …],
 * …]: of each list one at most
 *
 * It is checked by the same code as the inputs of built-in kinds.
 */
#ifndef TROUPE_PLAYBOOK_KIND_READ_H
#define TROUPE_PLAYBOOK_KIND_READ_H

#include "playbook/check/kinds.h"
#include <troupe/value.h>

typedef struct described_kind described_kind;

/** NULL when nothing is described, or with the reason in `why` (else empty) when it cannot be read. */
described_kind *described_kind_read(const char *name, tr_value options, char *why, size_t n);
const tool_kind *described_kind_tool(const described_kind *d);
void described_kind_free(described_kind **d);

#endif
