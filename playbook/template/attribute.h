/* SPDX-License-Identifier: Apache-2.0 */
/* The attribute that a filter takes of each item: "a.b.0" or a number, taken apart once. */
#ifndef TROUPE_TEMPLATE_ATTRIBUTE_H
#define TROUPE_TEMPLATE_ATTRIBUTE_H

#include "playbook/template/eval.h"

struct attribute {
	tr_value *keys, one; /* keys points to `one` when that is all */
	size_t n;
	bool ignore_case;   /* text is lowered behind it */
	bool plain;         /* one key, which is text */
	uint32_t hint;      /* where the first key was found the last time, and the box of the key that stood there: */
	const tr_box *seen; /* rows of one table share their keys. The caller holds the items while it uses this. */
	struct {
		tr_value text, low;
	} memo[16]; /* text lowered before: groups have few different keys; valid when ignore_case */
};

bool attribute_parse(struct eval *ev, tr_value attribute, bool ignore_case, struct attribute *out);
void attribute_free(struct attribute *a);
/* The item's attribute; `otherwise` (absent: none) stands in where it is undefined. Fresh. */
tr_value attribute_get(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise);
/* The same, borrowed from the item, or from *held, which is for the caller to drop. */
tr_value attribute_borrow(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise, tr_value *held);
tr_value attribute_search(struct attribute *a, tr_value map);
/* `text` (a string) as it is compared without case: fresh. */
tr_value attribute_lowered(struct eval *ev, struct attribute *a, tr_value text);

/* The attribute as it stands, not lowered, when it is one key of a mapping that has it: borrowed; absent when
 * attribute_borrow must look. */
static inline tr_value attribute_peek(const struct eval *ev, struct attribute *a, tr_value item)
{
	if (!a->plain || item.type != (uint32_t)TR_MAP || ev->changed.n > 0)
		return tr_absent();
	const struct box_map *map = box_map(item);
	if (a->hint < map->n && map->entries[a->hint].key.as.box == a->seen &&
	    map->entries[a->hint].key.type == (uint32_t)TR_STRING)
		return map->entries[a->hint].value;
	return attribute_search(a, item);
}

#endif
