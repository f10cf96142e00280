/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of a site. */
#include <string.h>

#include "tests/simulation/site.h"

bool site_planted;

#define SOON (50 * TR_MS)

static tr_next plain_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

static tr_next drop_info(void *state, tr_value message)
{
	(void)state, (void)message;
	return tr_noreply();
}

/* ---- store --------------------------------------------------------------------------------------------------------
 */

struct store {
	int64_t incarnation;
	int64_t at[KEYS];
	uint32_t puts;
};

static tr_next store_init(void *state, tr_value arg)
{
	struct store *s = state;
	(void)arg;
	s->incarnation = (int64_t)(tr_random() >> 2);
	return tr_noreply();
}

static tr_value store_answer(const struct store *s, int64_t key)
{
	return TR_LIST(tr_int(s->incarnation), tr_int(s->at[key]));
}

static void store_put(struct store *s, int64_t key, int64_t n)
{
	if (n > s->at[key]) /* a request that comes late or twice changes nothing */
		s->at[key] = n;
}

static tr_next store_call(void *state, tr_value request, tr_from from)
{
	struct store *s = state;
	const char *what = tr_as_cstr(tr_is(request, TR_ARRAY) ? tr_array_at(request, 0) : request, "");
	int64_t key = tr_as_int(tr_array_at(request, 1), 0) % KEYS;
	if (strcmp(what, "who") == 0)
		return tr_next_reply(tr_int(s->incarnation));
	if (strcmp(what, "put") == 0) {
		int64_t n = tr_as_int(tr_array_at(request, 2), 0);
		/* The planted bug: now and then it answers first, and does it when the cache says so. */
		if (site_planted && ++s->puts % 16 == 0 && tr_whereis("cache").bits != 0) {
			tr_reply(from, TR_LIST(tr_int(s->incarnation), tr_int(n)));
			(void)tr_cast_name("cache", TR_LIST(tr_string("later"), tr_int(key), tr_int(n)));
			return tr_noreply();
		}
		store_put(s, key, n);
	}
	return tr_next_reply(store_answer(s, key));
}

static tr_next store_cast(void *state, tr_value request)
{
	store_put(state, tr_as_int(tr_array_at(request, 1), 0), tr_as_int(tr_array_at(request, 2), 0));
	return tr_noreply();
}

const tr_gen_server site_store = {.name = "store",
				  .state_size = sizeof(struct store),
				  .init = store_init,
				  .handle_call = store_call,
				  .handle_cast = store_cast,
				  .handle_info = drop_info};

/* ---- cache: starts after the store, knows which one it was --------------------------------------------------------
 */

static tr_next cache_init(void *state, tr_value arg)
{
	int64_t *store = state;
	(void)arg;
	tr_value who = patient_call_name("store", tr_string("who"), SOON);
	if (!tr_is_valid(who))
		return tr_next_stop(tr_string("no store"));
	*store = tr_as_int(who, 0);
	return tr_noreply();
}

static tr_next cache_call(void *state, tr_value request, tr_from from)
{
	(void)request, (void)from;
	return tr_next_reply(tr_int(*(int64_t *)state));
}

static tr_next cache_cast(void *state, tr_value request)
{
	(void)state;
	(void)tr_cast_name("store", tr_keep(request));
	return tr_noreply();
}

const tr_gen_server site_cache = {.name = "cache",
				  .state_size = sizeof(int64_t),
				  .init = cache_init,
				  .handle_call = cache_call,
				  .handle_cast = cache_cast,
				  .handle_info = drop_info};

/* ---- front: answers later, from another actor ---------------------------------------------------------------------
 */

static void errand(tr_value arg)
{
	tr_from from = {tr_as_pid(tr_array_at(arg, 0)), tr_as_ref(tr_array_at(arg, 1))};
	tr_value got = patient_call_name("store", tr_keep(tr_array_at(arg, 2)), SOON);
	tr_reply(from, tr_is_valid(got) ? got : TR_A(error));
}

static tr_next front_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	static const tr_spawn_options options = {.label = "part"};
	tr_value arg = TR_LIST(tr_pid_value(from.pid), tr_ref_value(from.ref), tr_keep(request));
	if (!tr_is_valid(arg) || tr_spawn_opt(errand, arg, &options).err != TR_OK)
		return tr_next_reply(TR_A(error));
	return tr_noreply();
}

const tr_gen_server site_front = {
    .name = "front", .init = plain_init, .handle_call = front_call, .handle_info = drop_info};

/* ---- a pair that lives and dies together --------------------------------------------------------------------------
 */

static tr_next left_call(void *state, tr_value request, tr_from from)
{
	(void)state, (void)from;
	return tr_next_reply(tr_keep(request));
}

const tr_gen_server site_left = {
    .name = "left", .init = plain_init, .handle_call = left_call, .handle_info = drop_info};

static tr_next right_init(void *state, tr_value arg)
{
	tr_pid *left = state;
	(void)arg;
	*left = tr_whereis("left");
	return left->bits != 0 ? tr_noreply() : tr_next_stop(tr_string("no left"));
}

static tr_next right_call(void *state, tr_value request, tr_from from)
{
	(void)from;
	if (tr_str_is(tr_as_str(request), "whose"))
		return tr_next_reply(tr_pid_value(*(tr_pid *)state));
	tr_value echo = patient_call(*(tr_pid *)state, tr_keep(request), SOON);
	return tr_next_reply(tr_is_valid(echo) ? echo : TR_A(error));
}

const tr_gen_server site_right = {.name = "right",
				  .state_size = sizeof(tr_pid),
				  .init = right_init,
				  .handle_call = right_call,
				  .handle_info = drop_info};

/* ---- jobs: some end well, some do not -----------------------------------------------------------------------------
 */

void site_job(tr_value arg)
{
	int64_t n = tr_as_int(arg, 0);
	tr_sleep_until(tr_in((int64_t)(tr_random() % (4 * TR_MS))));
	tr_drop(patient_call_name("store", TR_LIST(tr_string("get"), tr_int(n)), SOON));
	if (tr_random() % 4 == 0)
		tr_exit(tr_string("a bad day"));
}
