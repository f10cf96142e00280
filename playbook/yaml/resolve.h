/* SPDX-License-Identifier: Apache-2.0 */
/** What a plain scalar means, by the rules PyYAML's safe loader has (YAML 1.1), except that timestamps stay text. */
#ifndef TROUPE_PLAYBOOK_YAML_RESOLVE_H
#define TROUPE_PLAYBOOK_YAML_RESOLVE_H

#include <troupe/value.h>

/** nil, bool, int or float; absent when the text is just text; invalid with TR_ERANGE for an integer beyond 64 bits. */
tr_value yaml_resolve(tr_str text);

#endif
