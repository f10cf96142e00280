/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of transfers. */
#include "plugins/actions/transfer/duckdb.h"
#include "plugins/shared/duckdb/fault.h"
#include "plugins/shared/duckdb/guard.h"
#include "plugins/shared/duckdb/place.h"
#include "plugins/shared/duckdb/query.h"

tr_value duck_place_find(duck_place *p, const transfer *t, tr_value spec)
{
	tr_pid keeper;
	tr_value fault, auth = tr_map_get_s(spec, "auth");

	p->session = p->path = p->attach = tr_absent();
	if (tr_is_valid(auth) && !tr_is_nil(auth))
		return tr_outcome_error("input", false,
					"a place of kind duckdb takes no auth: name its file with database, or with "
					"attach, which takes a credential");
	tr_value engine = duck_engine_ask(t->deadline, &keeper, &fault);
	if (tr_is_valid(fault))
		return fault;
	p->session = duck_session_new(engine);
	if (!tr_is_valid(p->session))
		return tr_outcome_error("busy", true, "out of memory");
	duck_engine *e = duck_session_of(p->session)->engine;
	p->path = duck_database(e, tr_map_get_s(spec, "database"), t->context, &fault);
	if (!tr_is_valid(fault))
		p->attach = duck_attach(e, tr_map_get_s(spec, "attach"), t->context, t->deadline, &fault);
	if (tr_is_valid(fault))
		return fault;
	p->lease = duck_lease_new(tr_keep(p->session), keeper);
	return p->lease != NULL ? tr_absent() : tr_outcome_error("busy", true, "out of memory");
}

tr_value duck_place_connect(duck_place *p)
{
	duck_session *s = duck_session_of(p->session);
	tr_value why, fault = tr_absent();

	if (!duck_session_connect(s, tr_as_cstr(p->path, ""), &why)) {
		fault = duck_fault(tr_as_cstr(why, NULL), 0, tr_as_cstr(p->path, ""));
		tr_drop(why);
		return fault;
	}
	for (size_t i = 0; i < tr_array_len(p->attach) && !tr_is_valid(fault); i++)
		fault = duck_run(s, tr_as_cstr(tr_array_at(p->attach, i), ""), "attach");
	if (!tr_is_valid(fault) && (tr_array_len(p->attach) > 0 || !s->known))
		fault = duck_guard_catalog(s);
	s->after = (duck_after){.looked = !tr_is_valid(fault), .strayed = tr_array_len(p->attach) > 0};
	return fault;
}

void duck_place_fini(duck_place *p)
{
	tr_clear(&p->session);
	tr_clear(&p->path);
	tr_clear(&p->attach);
}

tr_value duck_place_fault(tr_err err)
{
	return err == TR_ETIMEOUT
		   ? duck_fault_timeout(1)
		   : tr_outcome_error("busy", true, "duckdb: the node has no thread for it now: %s", tr_err_text(err));
}

tr_value duck_place_do(duck_place *p, const transfer *t, void (*work)(void *), void *state, tr_value *fault)
{
	*fault = tr_absent();
	tr_err err = duck_do(p->lease, work, state, t->object, t->deadline);
	if (err != TR_OK)
		return duck_place_fault(err); /* *fault belongs to the work, which may still go on */
	tr_value said = *fault;
	*fault = tr_absent();
	return said;
}
