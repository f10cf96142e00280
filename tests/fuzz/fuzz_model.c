/* SPDX-License-Identifier: Apache-2.0 */
/* USES: model */
/* Any text as a playbook: refused, or a playbook that can be drawn and that means the same after conversion. */
#include "playbook/graph/convert.h"
#include "playbook/graph/graph.h"
#include "playbook/graph/yaml_write.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static playbook *load(tr_str text)
{
	const pb_check_options options = {.lenient = true};
	diagnostics d;
	diagnostics_init(&d, "fuzz.yaml");
	playbook *p = playbook_load("fuzz.yaml", text, &options, &d);
	if ((p == NULL) != (d.errors > 0))
		abort();
	char *shown = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&shown, &n);
	diagnostics_print(&d, text, out, true);
	fclose(out);
	free(shown);
	diagnostics_fini(&d);
	return p;
}

static void draw(const playbook *p)
{
	char *shown = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&shown, &n);
	for (int format = GRAPH_TEXT; format <= GRAPH_SVG; format++) {
		if (graph_write(p, (graph_format)format, format == GRAPH_TEXT, out) != TR_OK)
			abort();
	}
	fclose(out);
	free(shown);
}

/* The converted text loads, and converts to the same. */
static void convert(const playbook *p)
{
	tr_buf once = {0};
	tr_value v = convert_value(p);
	if (yaml_write(&once, v) != TR_OK)
		abort();
	playbook *again = load(tr_buf_str(&once));
	if (again == NULL)
		abort();
	tr_value w = convert_value(again);
	if (!tr_equal(v, w))
		abort();
	tr_drop(v);
	tr_drop(w);
	playbook_free(&again);
	tr_buf_fini(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	playbook *p = load((tr_str){(const char *)data, size});
	if (p != NULL) {
		draw(p);
		convert(p);
	}
	playbook_free(&p);
	return 0;
}
