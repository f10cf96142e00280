/* SPDX-License-Identifier: Apache-2.0 */
/* What `troupe eval` does: one template, or a batch of them, line by line. Values go out as JSON. */
#ifndef TROUPE_TEMPLATE_EVAL_CLI_H
#define TROUPE_TEMPLATE_EVAL_CLI_H

#include <stdio.h>

#include <troupe/template.h>

/* Evaluate `text` in the context, a JSON object (empty text: none). The value goes to out as JSON and a newline, an
 * error to err as one line `line:column: message`. Gives the exit code: 0, or 2 for an error. */
int template_eval_once(tr_str text, tr_str context, FILE *out, FILE *err);

/* From each line {"template": text, "context": object, "text": bool} one line {"value": …} or {"error": …}, in order,
 * flushed line by line. With "text" an expression gives its text instead of its value. Gives 0; 2 when reading or
 * writing failed. */
int template_eval_batch(FILE *in, FILE *out);

#endif
