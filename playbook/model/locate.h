/* SPDX-License-Identifier: Apache-2.0 */
/** From a position inside a scalar's text to the place in the file where that character was written. */
#ifndef TROUPE_PLAYBOOK_LOCATE_H
#define TROUPE_PLAYBOOK_LOCATE_H

#include "playbook/model/model.h"

/** `at`: where the scalar begins in the file; `text`: what it reads as; line and column (from 1) count in `text`. */
pb_pos locate_in_scalar(tr_str source, pb_pos at, tr_str text, uint32_t line, uint32_t column);

#endif
