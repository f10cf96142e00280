/* SPDX-License-Identifier: Apache-2.0 */
/** Which artifacts values refer to. Pure. */
#ifndef TROUPE_ACTORS_STORE_REFERENCES_H
#define TROUPE_ACTORS_STORE_REFERENCES_H

#include <troupe/value.h>

/** Call `each` with the key of every ResultRef inside the value, at any depth. */
void references_each(tr_value v, void (*each)(void *arg, tr_str key), void *arg);
/** The same, and with it who put it: the middle of its address, ID/step/STEP/LABEL; empty when it has no address. */
void references_each_holder(tr_value v, void (*each)(void *arg, tr_str key, tr_str holder), void *arg);

#define REFERENCES_ADDRESS "noetl://execution/"

#endif
