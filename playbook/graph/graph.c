/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of a drawing, and the command around it. */
#include "playbook/graph/graph.h"
#include "playbook/graph/parts.h"

tr_err graph_write(const playbook *p, graph_format format, bool color, FILE *out)
{
	tr_buf b = {0};
	switch (format) {
	case GRAPH_TEXT:
		graph_text(&b, p, color);
		break;
	case GRAPH_DOT:
		graph_dot(&b, p);
		break;
	case GRAPH_MERMAID:
		graph_mermaid(&b, p);
		break;
	case GRAPH_SVG:
		graph_svg(&b, p);
		break;
	}
	tr_err err = b.err;
	if (err == TR_OK && fwrite(b.p, 1, b.n, out) != b.n)
		err = TR_EIO;
	tr_buf_fini(&b);
	return err;
}

int graph_file_with(const char *file, graph_format format, bool color, const pb_check_options *options, FILE *out,
		    FILE *err)
{
	diagnostics d;
	tr_buf source = {0};
	diagnostics_init(&d, file);
	playbook *p = playbook_load_file(file, options, &d, &source);
	int status = p == NULL ? 2 : 0;
	if (p == NULL) {
		diagnostics_print(&d, tr_buf_str(&source), err, color);
	} else {
		tr_err failed = graph_write(p, format, color, out);
		if (failed != TR_OK) {
			fprintf(err, "graph: %s\n", tr_err_text(failed));
			status = 2;
		}
	}
	playbook_free(&p);
	tr_buf_fini(&source);
	diagnostics_fini(&d);
	return status;
}

int graph_file(const char *file, graph_format format, bool color, FILE *out, FILE *err)
{
	return graph_file_with(file, format, color, NULL, out, err);
}
