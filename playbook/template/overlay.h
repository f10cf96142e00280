/* SPDX-License-Identifier: Apache-2.0 */
/* What certain values are within one evaluation: lists and mappings that the template changed, lazy values that were
 * loaded. Found by the value's box. */
#ifndef TROUPE_TEMPLATE_OVERLAY_H
#define TROUPE_TEMPLATE_OVERLAY_H

#include <troupe/value.h>

struct overlay_pair {
	tr_value of, now;
};

struct overlay {
	struct overlay_pair *pairs;
	size_t n, cap;
	uint32_t *index; /* open addressing: position + 1, 0 is free; NULL while a scan is faster */
	size_t mask;
};

void overlay_fini(struct overlay *o);
/* The pair of this value, NULL when there is none. Valid until the next overlay_add. */
struct overlay_pair *overlay_find(const struct overlay *o, tr_value of);
/* Enter a value that is not there yet: keeps `of`, takes `now`. False without memory (now is dropped). */
bool overlay_add(struct overlay *o, tr_value of, tr_value now);

#endif
