/* SPDX-License-Identifier: Apache-2.0 */
/** What a signal to a waiting command means: the first asks it to end, a later one says that it is not waited any
 * longer. A key on a terminal may send one twice (to the group, and once more by a parent): that is still the first. */
#ifndef TROUPE_CLI_PATIENCE_H
#define TROUPE_CLI_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_SAME_NS INT64_C(300000000)

typedef enum patience_word {
	PATIENCE_ASKED, /* the first */
	PATIENCE_SAME,  /* the first once more */
	PATIENCE_OVER   /* impatience */
} patience_word;

typedef struct patience {
	bool asked;
	int64_t first_ns;
} patience;

/** A signal came at this instant of a clock that does not jump. */
patience_word patience_signal(patience *p, int64_t now_ns);

#endif
