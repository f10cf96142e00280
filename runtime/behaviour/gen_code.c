/* SPDX-License-Identifier: Apache-2.0 */
/* A module of the generic server as a value. */
#include "runtime/behaviour/gen_code.h"

/* Values own what they hold and a module is constant, so the box holds a copy of the pointer. */
static const tr_class code_class = {"gen_code", tr_free};

tr_value gen_code_value(const tr_gen_server *mod)
{
	const tr_gen_server **held = tr_alloc(sizeof(*held));

	if (held == NULL)
		return tr_invalid(TR_ENOMEM);
	*held = mod;
	return tr_object(&code_class, held);
}

const tr_gen_server *gen_code_of(tr_value v)
{
	const tr_gen_server **held = tr_as_object(v, &code_class);

	return held != NULL ? *held : NULL;
}
