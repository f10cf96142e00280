/* SPDX-License-Identifier: Apache-2.0 */
/** Python code of a playbook, read by the interpreter without running anything of it. */
#ifndef TROUPE_CLI_PYTHON_SYNTAX_H
#define TROUPE_CLI_PYTHON_SYNTAX_H

#include "playbook/model/model.h"

/** Add a fault for each code without templates that does not compile. Without an interpreter, nothing is said. */
void python_syntax_check(const playbook *p, diagnostics *out);

#endif
