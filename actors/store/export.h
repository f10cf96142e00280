/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Executions as a stream of JSON lines, and back. The same executions give the same stream.
 *
 *   {"troupe_export":1}
 *   {"playbook":"<hash>","source":"…"}
 *   {"artifact":"<key>","part":1,"parts":1,"data":"<base64 of the packed file>"}
 *   {"artifact":"<key>","deleted":true}                  all who put it have deleted it
 *   {"execution":"<id>","folder":"<workflow>/<id>","events":4}
 *   {"seq":1,"event":"playbook.execution.requested","record":"<base64 of the log's record>"}
 *   {"end":true,"executions":1,"events":4,"artifacts":1,"playbooks":1}
 *
 * A stream without its last line is not whole. Playbooks and artifacts come before the executions that need them, once.
 * Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_EXPORT_H
#define TROUPE_ACTORS_STORE_EXPORT_H

#include "actors/store/file_store.h"

#include <stdio.h>

#define EXPORT_VERSION 1

typedef struct export_counts {
	uint64_t executions, events, artifacts, playbooks;
	uint64_t skipped; /* import: executions that are there already */
	uint64_t failed;
} export_counts;

/** Write the executions with these ids (NULL: all). `report` gets a line for what could not be written; TR_EIO: the
 * stream itself could not. */
tr_err export_store(const char *data, const int64_t *ids, size_t count, FILE *out, tr_buf *report,
		    export_counts *counts);

/** Read a stream into an open store's folder. An execution that is there with the same events is skipped; one that is
 * there with others is refused and counts as failed. TR_EINVAL: it is no such stream, `report` says what it is; TR_EIO:
 * it cannot be read; TR_ECORRUPT: the stream is damaged, or not whole, from line *line on; executions before that are
 * imported. */
tr_err import_store(file_store *s, const disk *d, FILE *in, tr_buf *report, export_counts *counts, uint64_t *line);

#endif
