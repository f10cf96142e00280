/* SPDX-License-Identifier: Apache-2.0 */
/* Supervisor reports: values for the logger. */
#include "supervisors/sup.h"

#include "runtime/behaviour/report.h"

#include <string.h>

static tr_value pid_or_nil(tr_pid pid)
{
	return pid.bits != 0 ? tr_pid_value(pid) : tr_nil();
}

static tr_value restart_name(tr_restart restart)
{
	switch (restart) {
	case TR_PERMANENT:
		return tr_string("permanent");
	case TR_TRANSIENT:
		return tr_string("transient");
	case TR_TEMPORARY:
		break;
	}
	return tr_string("temporary");
}

static const char *text_of(const char *what)
{
	static const struct {
		const char *what;
		const char *text;
	} texts[] = {
	    {"child_terminated", "a child ended"},
	    {"start_error", "a child could not be started"},
	    {"shutdown_error", "a child did not stop as it was asked"},
	    {"shutdown", "too many restarts: the supervisor gives up"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].what, what) == 0)
			return texts[i].text;
	}
	return what;
}

static void report(const char *what, const struct child *child, tr_value reason)
{
	tr_value offender =
	    TR_DICT("id", child->plan->id[0] != '\0' ? tr_string(child->plan->id) : tr_nil(), "pid",
		    pid_or_nil(child->pid), "restart", restart_name(child->plan->spec.restart), "restarts",
		    tr_int(child->restarts), "significant", tr_bool(child->plan->spec.significant));
	tr_value v =
	    TR_DICT("report", tr_string(what), "text", tr_string(text_of(what)), "pid", tr_pid_value(tr_self()), "name",
		    tr_name_of(tr_self()), "reason", reason, "child", offender);

	report_send(TR_ERROR, v);
}

void report_child(const char *what, const struct child *child, tr_value reason)
{
	if (report_wanted(TR_ERROR))
		report(what, child, tr_keep(reason));
}

void report_intensity(const struct child *child)
{
	if (report_wanted(TR_ERROR))
		report("shutdown", child, tr_atom("reached_max_restart_intensity"));
}
