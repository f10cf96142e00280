/* SPDX-License-Identifier: Apache-2.0 */
/** Values to and from a child interpreter: JSON, with tags for what JSON has not (driver.py says which). Pure
 * functions. */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_CODEC_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_CODEC_H

#include <troupe/value.h>

/** Append a frame's content: 'p' or 't' and the JSON. TR_EDEPTH, TR_ENOMEM, TR_ETYPE. */
tr_err python_write(tr_buf *out, tr_value v);
/** The value of a frame's content; fresh. Invalid with a text in `why` when it is damaged. */
tr_value python_read(tr_str frame, char *why, size_t why_size);

#endif
