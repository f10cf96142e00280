/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text the way Python's json.dumps writes it, which is what Jinja's tojson shows. */
#ifndef TROUPE_TEMPLATE_JSON_OUT_H
#define TROUPE_TEMPLATE_JSON_OUT_H

#include "playbook/template/eval.h"

/* indent < 0: on one line. Keys are sorted; < > & ' are escaped. */
bool json_put(struct eval *ev, tr_buf *out, tr_value v, int64_t indent);

#endif
