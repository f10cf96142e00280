/* SPDX-License-Identifier: Apache-2.0 */
/** What an iteration tells its step run. */
#include "actors/worker/iteration_report.h"

void iteration_report_fini(iteration_report *r)
{
	event_list_fini(&r->events);
	tr_drop(r->result);
	tr_drop(r->error);
	tr_drop(r->vars);
	tr_drop(r->ctx);
	tr_drop(r->shared);
}

static void report_destroy(void *data)
{
	iteration_report_fini(data);
}

static const tr_class report_class = {"iteration_report", report_destroy};

tr_value iteration_report_object(iteration_report *r)
{
	void *own;
	tr_value object = tr_object_with(&report_class, sizeof *r, &own);
	if (!tr_is_valid(object))
		iteration_report_fini(r);
	else
		*(iteration_report *)own = *r;
	*r = (iteration_report){0};
	return object;
}

iteration_report *iteration_report_of(tr_value object)
{
	return tr_as_object(object, &report_class);
}
