/* SPDX-License-Identifier: Apache-2.0 */
/* Starting an OS process for a port. */
#ifndef TROUPE_IO_PROCESS_H
#define TROUPE_IO_PROCESS_H

#include "runtime/io/port.h"

/* What of tr_port_options the loop needs, copied. */
struct process_spec {
	char *file;
	char **argv;
	char **env; /* NULL: inherited */
	char *cwd;  /* may be NULL */
	tr_framing framing;
	size_t max_frame;
	int active;
	bool stderr_to_owner;
	bool new_group;
	bool protocol_fds;
};

/* A copy in one block (tr_free); NULL without memory. */
struct process_spec *process_spec_new(const tr_port_options *options);
/* Loop. An error of libuv; the port must then be closed. */
int process_start(struct port *p, const struct process_spec *spec);

#endif
