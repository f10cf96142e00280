/* SPDX-License-Identifier: Apache-2.0 */
/* A module of the generic server as a value, for the system message change_code. */
#ifndef TROUPE_RUNTIME_BEHAVIOUR_GEN_CODE_H
#define TROUPE_RUNTIME_BEHAVIOUR_GEN_CODE_H

#include <troupe/gen_server.h>

tr_value gen_code_value(const tr_gen_server *mod);
/* The module in the value, NULL when it is something else. */
const tr_gen_server *gen_code_of(tr_value v);

#endif
