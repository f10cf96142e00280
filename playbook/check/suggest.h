/* SPDX-License-Identifier: Apache-2.0 */
/** "Did you mean …": the known name that is nearest to a written one. */
#ifndef TROUPE_PLAYBOOK_SUGGEST_H
#define TROUPE_PLAYBOOK_SUGGEST_H

#include <troupe/base.h>

typedef struct suggestion {
	tr_str wanted;
	tr_str best; /* empty: nothing is near */
	size_t distance;
	size_t budget; /* candidates that may still be measured */
} suggestion;

suggestion suggest_for(tr_str wanted);
void suggest_offer(suggestion *s, tr_str candidate);
/** So near that the other was surely meant. */
bool suggest_is_slip(const suggestion *s);
/** "did you mean 'x'?" into `to`, or the empty text. Returns `to`. */
const char *suggest_text(const suggestion *s, char *to, size_t size);

#endif
