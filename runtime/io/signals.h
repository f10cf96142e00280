/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the process, for the actors that subscribed. */
#ifndef TROUPE_IO_SIGNALS_H
#define TROUPE_IO_SIGNALS_H

#include "runtime/io/reactor.h"

/* Loop. */
void signals_close_all(struct reactor *r);

#endif
