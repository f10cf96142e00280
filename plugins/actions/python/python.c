/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind python: a pool of child interpreters.
 *
 * The children are started with -I and -S, which takes half the time of a start that sets up the site's packages; the
 * first import that is not in the standard library sets them up then (driver.py, LazySite). A child sees none of the
 * node's environment but what every program needs and what the setting `env` names.
 */
#include "plugins/actions/python/python.h"
#include "plugins/actions/python/pool.h"
#include "plugins/actions/python/task.h"

const char python_manifest[] =
    "{\"id\": \"python\", \"version\": \"1.0.0\", \"description\": \"Tasks in Python, in child interpreters\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:python\"], \"provides\": {\"node_handler\": \"python\"},"
    " \"needs\": [\"exec\", \"fs:*\"],"
    " \"limits\": {\"concurrency\": 256},"
    " \"config\": {"
    "  \"python\": {\"type\": \"string\", \"default\": \"python3\", \"description\": \"the interpreter\"},"
    "  \"workers\": {\"type\": \"int\", \"default\": 0, \"min\": 0, \"max\": 256, \"description\": \"0: one a core\"},"
    "  \"timeout\": {\"type\": \"number\", \"description\": \"seconds a task may take when it does not say\"},"
    "  \"memory\": {\"type\": \"int\", \"default\": 4294967296, \"min\": 0, \"description\": \"bytes of address space; "
    "0: no limit\"},"
    "  \"output_limit\": {\"type\": \"int\", \"default\": 65536, \"min\": 0, \"description\": \"characters of stdout "
    "and stderr each\"},"
    "  \"result_limit\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of a "
    "result\"},"
    "  \"env\": {\"type\": \"list\", \"default\": [], \"description\": \"environment variables that tasks may see\"}}}";

static void fini_frame(void *arg)
{
	tr_buf_fini(arg);
}

static tr_value python_run(tr_value config, tr_pid plugin, tr_value command)
{
	python_task *t = tr_own_alloc(sizeof(*t));

	if (t == NULL || tr_own(&t->frame, fini_frame) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	if (!tr_plugin_granted("exec"))
		return tr_outcome_denied("exec", "python may not start interpreters");
	tr_value fault = python_task_read(t, config, command);
	if (tr_is_valid(fault))
		return fault;
	tr_value frame = tr_binary(t->frame.p, t->frame.n);
	tr_buf_fini(&t->frame);
	tr_value said = python_pool_run(plugin, frame, t->timeout_ns, tr_command_deadline(command));
	tr_value outcome = python_task_outcome(t, said);
	tr_drop(said);
	return outcome;
}

const tr_plugin python_plugin = {
    TR_PLUGIN_HEAD,           .state_size = PYTHON_POOL_SIZE,
    .init = python_pool_init, .start = python_pool_start,
    .stop = python_pool_stop, .run = python_run,
    .call = python_pool_call, .cast = python_pool_cast,
    .info = python_pool_info, .health = python_pool_health,
};
