/* SPDX-License-Identifier: Apache-2.0 */
/** The writers behind graph_write, one a format. Each appends the whole drawing. */
#ifndef TROUPE_PLAYBOOK_GRAPH_PARTS_H
#define TROUPE_PLAYBOOK_GRAPH_PARTS_H

#include "playbook/graph/label.h"

void graph_text(tr_buf *b, const playbook *p, bool color);
void graph_dot(tr_buf *b, const playbook *p);
void graph_mermaid(tr_buf *b, const playbook *p);
void graph_svg(tr_buf *b, const playbook *p);

#endif
