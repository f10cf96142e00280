/* SPDX-License-Identifier: Apache-2.0 */
/** What the texts and numbers of inputs must look like. */
#ifndef TROUPE_PLAYBOOK_INPUT_FORM_H
#define TROUPE_PLAYBOOK_INPUT_FORM_H

#include "playbook/model/loader.h"

/** "seconds above 0", "a whole number from 1 to 10", "text or a list": what a key takes. */
void input_wanted(const kind_key *k, tr_buf *to);
/** A fault in a scalar that is written out: its range and its form. `n` is the value of `k` or an item of it. */
/** Is the text of that form? For those that look at texts alone. */
bool input_form_fits(input_form form, tr_str text);
/** What such a text must be; a literal. */
const char *input_form_wanted(input_form form);
void input_form_check(loader *l, const kind_key *k, const yaml_node *n, const where *w);

#endif
