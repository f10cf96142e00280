/* SPDX-License-Identifier: Apache-2.0 */
/** May the calling actor reach out of the node? Yes, unless something in TR_SLOT_PERMIT says no. */
#ifndef TROUPE_IO_PERMIT_H
#define TROUPE_IO_PERMIT_H

#include "runtime/io/address.h"
#include <troupe/node.h>

bool permit_exec(void);
bool permit_net(const struct address *address);
/** The path is made absolute and free of links first, as the kernel would see it. */
bool permit_file(const char *path);

#endif
