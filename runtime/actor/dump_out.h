/* SPDX-License-Identifier: Apache-2.0 */
/* Writing without allocation: a small buffer before a file descriptor, and values as text, bounded in length and depth.
 */
#ifndef TROUPE_ACTOR_DUMP_OUT_H
#define TROUPE_ACTOR_DUMP_OUT_H

#include <troupe/actor.h>

struct dump_out {
	int fd;
	size_t n;
	char buffer[2048];
};

void out_flush(struct dump_out *o);
void out_bytes(struct dump_out *o, const char *p, size_t n);
/** At most 511 bytes. */
void out_f(struct dump_out *o, const char *fmt, ...) TR_PRINTF(2, 3);
void out_pid(struct dump_out *o, tr_pid pid);
/** What was made to be shown, quoted. */
void out_name(struct dump_out *o, tr_str name, size_t budget);
/** The shape of it: atoms, pids, keys, types and lengths, but nothing of what strings and binaries hold and no numbers
 * but those of the message itself: it may be secret. At most `budget` bytes of text. */
void out_value(struct dump_out *o, tr_value v, size_t budget);

#endif
