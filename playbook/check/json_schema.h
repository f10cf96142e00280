/* SPDX-License-Identifier: Apache-2.0 */
/** The JSON Schema of the playbook language, written from the checker's tables (docs/playbook.schema.json). */
#ifndef TROUPE_PLAYBOOK_JSON_SCHEMA_H
#define TROUPE_PLAYBOOK_JSON_SCHEMA_H

#include <troupe/value.h>

/** The schema (draft 2020-12) as a value. A fresh reference. */
tr_value json_schema(void);

#endif
