/* SPDX-License-Identifier: Apache-2.0 */
/** Short texts about steps and arcs, the same in every drawing. All append to a buffer. */
#ifndef TROUPE_PLAYBOOK_GRAPH_LABEL_H
#define TROUPE_PLAYBOOK_GRAPH_LABEL_H

#include "playbook/model/model.h"

/** A name or another text on one line, with nothing in it that moves a terminal's cursor. */
void label_text(tr_buf *b, tr_str s);
/** The same, as `put` writes it. */
void label_put(tr_buf *b, tr_str s, void (*put)(tr_buf *b, tr_str s));
/** "ctx.total > 1" for `{{ ctx.total > 1 }}`; at most `max` characters, then "…". */
void label_condition(tr_buf *b, const pb_expr *e, size_t max);
/** "fetch: http → store: postgres"; empty for a step without a pipeline. */
void label_pipeline(tr_buf *b, const pb_step *s, size_t max);
/** "parallel, 4 at once: item in workload.items"; empty without a loop. */
void label_loop(tr_buf *b, const pb_step *s, size_t max);
/** "join any", "inclusive", … : what is not the default; empty when nothing is. */
void label_policies(tr_buf *b, const pb_step *s);
/** Cut the text behind `from` to `max` characters. */
void label_cut(tr_buf *b, size_t from, size_t max);

#endif
