/* SPDX-License-Identifier: Apache-2.0 */
/** Drawing over what was drawn before, for views on terminals. */
#ifndef TROUPE_CLI_LIVE_H
#define TROUPE_CLI_LIVE_H

#include "cli/view.h"

void screen_begin(view *v);
void screen_line(view *v, const tr_buf *line);
void screen_end(view *v);
/** Print above: what was drawn goes, the next tick draws it again below. */
void screen_say(view *v, tr_str text);

#endif
