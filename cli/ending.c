/* SPDX-License-Identifier: Apache-2.0 */
/* Who ends the process? Its exit handlers are the process's, so what they look at is, too. */
#include "cli/ending.h"

#include "cli/command.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/actor.h>
#include <troupe/node.h>
#include <unistd.h>

static _Atomic(const char *) watched; /* the command; NULL: it may end */
static _Atomic pid_t watching;        /* a forked child ends as it likes */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* exit runs in the thread of whoever called it: that is the plugin's own actor, if it was called in one. */
static void tell_who(const char *name, int status)
{
	tr_node *node = tr_here();
	tr_value info = node != NULL ? tr_info(node, tr_self()) : tr_absent();
	tr_value note = tr_map_get_s(info, "note"), label = tr_map_get_s(info, "label");
	bool plugin = tr_is(note, TR_STRING) && strncmp(tr_as_cstr(label, ""), "plugin", 6) == 0;
	char whose[300] = "something in this process, probably a plugin,";
	if (plugin)
		(void)snprintf(whose, sizeof whose, "plugin %s", tr_as_cstr(note, "?"));
	else if (node != NULL)
		(void)snprintf(whose, sizeof whose, "the actor %s", tr_as_cstr(label, "without a label"));
	fprintf(stderr,
		"troupe %s: %s called exit(%d) in the middle; what ran is interrupted, 'troupe resume' goes on with it "
		"(a plugin with isolation: process ends nothing but itself)\n",
		name, whose, status);
	tr_drop(info);
}

static void on_end(int status, void *arg)
{
	(void)arg;
	const char *name = atomic_load(&watched);
	if (name == NULL || atomic_load(&watching) != getpid())
		return;
	tell_who(name, status);
	_exit(EXIT_LOST);
}

static void install(void)
{
	(void)on_exit(on_end, NULL);
}

void ending_watch(const char *name)
{
	(void)pthread_once(&once, install);
	atomic_store(&watching, getpid());
	atomic_store(&watched, name);
}

void ending_over(void)
{
	atomic_store(&watched, NULL);
}
