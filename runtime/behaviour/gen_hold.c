/* SPDX-License-Identifier: Apache-2.0 */
/* Values that outlive a C stack which is never unwound, and errors as exit reasons. */
#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"

#include <ctype.h>

static void drop_box(void *box)
{
	tr_box_drop(box);
}

static bool boxed(tr_value v)
{
	return v.type >= (uint32_t)TR_STRING;
}

void gen_hold(tr_value v)
{
	if (!boxed(v))
		return;
	tr_box_keep(v.as.box); /* for the case that tr_own fails and calls the destructor */
	if (tr_own(v.as.box, drop_box) == TR_OK)
		tr_box_drop(v.as.box);
}

tr_value gen_release(tr_value v)
{
	if (boxed(v))
		(void)tr_disown(v.as.box);
	return v;
}

void *gen_state_alloc(size_t size)
{
	return tr_own_alloc(size);
}

void gen_state_free(void *state)
{
	if (tr_disown(state))
		tr_free(state);
}

void gen_call_abandon(tr_ref ref)
{
	kernel_call_end(ref);
	tr_drop(tr_receive_ref(ref, 0)); /* it may have come before */
}

tr_value gen_err_reason(tr_err err)
{
	const char *name = tr_err_name(err);
	char lower[32];
	size_t n = 0;

	if (err == TR_ENOMEM)
		return TR_A(enomem);
	if (err == TR_ENOPROC)
		return TR_A(noproc);
	for (; name[n] != '\0' && n < sizeof(lower); n++)
		lower[n] = (char)tolower((unsigned char)name[n]);
	return tr_atom_n(lower, n);
}
