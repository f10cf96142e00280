/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted gen_server; arg is [name, operations, more operations]. */
#ifndef TROUPE_TESTS_OTP_SCRIPT_SERVER_H
#define TROUPE_TESTS_OTP_SCRIPT_SERVER_H

#include <troupe/gen_server.h>

extern const tr_gen_server script_server;

#endif
