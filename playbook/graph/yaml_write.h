/* SPDX-License-Identifier: Apache-2.0 */
/** Values as YAML that this project's reader (and PyYAML) reads back as the same values. */
#ifndef TROUPE_PLAYBOOK_YAML_WRITE_H
#define TROUPE_PLAYBOOK_YAML_WRITE_H

#include <troupe/value.h>

/** Append v as a block-style document. TR_ETYPE for kinds that YAML has no form for. */
tr_err yaml_write(tr_buf *out, tr_value v);

#endif
