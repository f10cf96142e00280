/* SPDX-License-Identifier: Apache-2.0 */
/** `troupe convert`: a playbook in the canonical dialect, whatever it was written in. Comments are not kept. */
#ifndef TROUPE_PLAYBOOK_CONVERT_H
#define TROUPE_PLAYBOOK_CONVERT_H

#include "playbook/model/model.h"
#include <stdio.h>

/** The document as a value, keys in their usual order. A fresh reference; invalid without memory. */
tr_value convert_value(const playbook *p);
/** As YAML. */
tr_err convert_write(const playbook *p, FILE *out);
/** Load a file ("-": standard input) and write it; faults and warnings go to `err`. 0, or 2 when it is not sound. */
int convert_file(const char *file, const pb_check_options *options, bool color, FILE *out, FILE *err);

#endif
