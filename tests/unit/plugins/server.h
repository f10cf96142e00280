/* SPDX-License-Identifier: Apache-2.0 */
/** A server of tests/support, started for a test program and ended with it: it runs until its standard input is closed.
 */
#ifndef TROUPE_TESTS_UNIT_PLUGINS_SERVER_H
#define TROUPE_TESTS_UNIT_PLUGINS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct server {
	pid_t pid;
	int in;
	char line[512]; /* what it said when it was ready */
} server;

/** Start tests/support/<script> and read its first line. False when it ends instead. */
bool server_start(server *s, const char *script);
void server_stop(server *s);

#endif
