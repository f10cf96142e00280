/* SPDX-License-Identifier: Apache-2.0 */
/** A playbook's steps and arcs as a drawing: text for a terminal, DOT, Mermaid, SVG. Pure functions of the model. */
#ifndef TROUPE_PLAYBOOK_GRAPH_H
#define TROUPE_PLAYBOOK_GRAPH_H

#include "playbook/model/model.h"
#include <stdio.h>

typedef enum graph_format {
	GRAPH_TEXT,
	GRAPH_DOT,
	GRAPH_MERMAID,
	GRAPH_SVG
} graph_format;

/** TR_EIO when the stream failed, TR_ENOMEM. */
tr_err graph_write(const playbook *p, graph_format format, bool color, FILE *out);
/** Load a file ("-": standard input) and draw it; faults go to `err`. 0, or 2 when the playbook is not sound. */
int graph_file(const char *file, graph_format format, bool color, FILE *out, FILE *err);
/** The same with what the caller knows of plugins' tool kinds. options may be NULL. */
int graph_file_with(const char *file, graph_format format, bool color, const pb_check_options *options, FILE *out,
		    FILE *err);

#endif
