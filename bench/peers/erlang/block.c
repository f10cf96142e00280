/* SPDX-License-Identifier: Apache-2.0 */
/* A call that blocks its scheduler's thread, as a careless driver would: block:block(Milliseconds). */
#include <erl_nif.h>
#include <time.h>

static ERL_NIF_TERM block(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	int ms = 0;
	if (argc != 1 || !enif_get_int(env, argv[0], &ms))
		return enif_make_badarg(env);
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	nanosleep(&t, NULL);
	return enif_make_int(env, ms);
}

static ErlNifFunc functions[] = {{"block", 1, block, 0}};

ERL_NIF_INIT(block, functions, NULL, NULL, NULL, NULL)
