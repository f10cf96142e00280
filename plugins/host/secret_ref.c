/* SPDX-License-Identifier: Apache-2.0 */
/* References to secrets: known, and looked for. */
#include "plugins/host/secret_ref.h"

#define MOST_DEPTH 200 /* what is deeper counts as one: nobody reads that deep, and it is not looked at */
#define MOST_PATH  200

bool secret_ref_is(tr_value v)
{
	return tr_str_is(tr_as_str(tr_map_get_n(v, "kind", 4)), "secret_ref");
}

/* Paths are made on the way back, from the inside out. */
static void before(tr_buf *path, tr_buf *head)
{
	if (path->n > 0 && path->p[0] != '[')
		tr_buf_putc(head, '.');
	if (path->n < MOST_PATH)
		tr_buf_put(head, path->p, path->n);
	tr_buf_fini(path);
	*path = *head;
}

static bool looked(tr_value v, tr_buf *path, int depth);

static bool in_items(tr_value v, tr_buf *path, int depth)
{
	const tr_value *items = tr_array_items(v);

	for (size_t i = 0, n = tr_array_len(v); i < n; i++) {
		if (items[i].type < (uint32_t)TR_ARRAY || !looked(items[i], path, depth - 1))
			continue;
		if (path != NULL) {
			tr_buf head = {0};

			tr_buf_putf(&head, "[%zu]", i);
			before(path, &head);
		}
		return true;
	}
	return false;
}

static bool looked(tr_value v, tr_buf *path, int depth)
{
	const tr_entry *e = tr_map_entries(v);

	if (depth == 0 || secret_ref_is(v))
		return true;
	for (size_t i = 0, n = tr_map_len(v); i < n; i++) {
		if (e[i].value.type < (uint32_t)TR_ARRAY || !looked(e[i].value, path, depth - 1))
			continue;
		if (path != NULL) {
			tr_buf head = {0};
			tr_str key = tr_as_str(e[i].key);

			tr_buf_put(&head, key.p, key.n < 60 ? key.n : 60);
			before(path, &head);
		}
		return true;
	}
	return in_items(v, path, depth);
}

bool secret_ref_inside(tr_value v, tr_buf *path)
{
	return v.type >= (uint32_t)TR_ARRAY && looked(v, path, MOST_DEPTH);
}
