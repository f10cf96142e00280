/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's server module, for the files that start and call it. */
#ifndef TROUPE_SUPERVISORS_SUPERVISOR_H
#define TROUPE_SUPERVISORS_SUPERVISOR_H

#include <troupe/supervisor.h>

extern const tr_gen_server supervisor_module;

#endif
