/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin in a shared object, for tests; built in several versions by the macros VERSION and BAD_*. Counts its
 * greetings. */
#include <string.h>
#include <troupe/plugin.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef DEPENDS
#define DEPENDS ""
#endif

#ifndef CAPABILITY
#define CAPABILITY "\"tool:" ID "\""
#endif
#ifndef MORE
#define MORE ""
#endif

TR_PLUGIN_MANIFEST("{\"id\": \"" ID "\", \"version\": \"" VERSION "\", \"capabilities\": [" CAPABILITY
		   "], \"depends_on\": {" DEPENDS "}" MORE "}");

struct greet {
	int64_t count;
};

/* Seen from outside when code runs that must not: the loader reads the manifest without this. */
#if defined(BAD_ABI) || defined(TRAP)
__attribute__((constructor)) static void ran(void)
{
	__builtin_trap();
}
#endif

static tr_value greet_command(void *state, tr_value command)
{
	struct greet *g = state;
	tr_value who = tr_command_input(command, "who");

	g->count++;
	return tr_outcome_ok(tr_stringf("hello %s, %lld, %s", tr_as_cstr(who, "you"), (long long)g->count, VERSION));
}

static tr_err greet_upgrade(void *state, const char *old_version, void *old)
{
	struct greet *g = state;

	if (strcmp(old_version, "1.0.0") != 0)
		return TR_EUNSUPPORTED;
#ifdef BAD_UPGRADE
	return TR_EIO;
#endif
	g->count = ((struct greet *)old)->count;
	return TR_OK;
}

#ifdef BAD_ABI
#define HEAD .abi = 99, .size = sizeof(tr_plugin)
#else
#define HEAD TR_PLUGIN_HEAD
#endif

extern const tr_plugin tr_plugin_main;
TR_PLUGIN_EXPORT = {HEAD, .state_size = sizeof(struct greet), .command = greet_command, .upgrade = greet_upgrade};
