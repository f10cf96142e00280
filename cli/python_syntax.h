/* SPDX-License-Identifier: Apache-2.0 */
/** Python code of a playbook, read by the interpreter without running anything of it. */
#ifndef TROUPE_CLI_PYTHON_SYNTAX_H
#define TROUPE_CLI_PYTHON_SYNTAX_H

#include "playbook/model/model.h"

/** pb_check_options.codes: a fault for each code without templates that does not compile, at its place in the file.
 * Without an interpreter, nothing is said. `arg` is not used. */
void python_syntax_check(void *arg, const playbook *p, diagnostics *out);

#endif
