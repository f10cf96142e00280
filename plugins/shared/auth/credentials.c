/* SPDX-License-Identifier: Apache-2.0 */
/* The file is read when it is first needed and again when it has changed. */
#include "plugins/shared/auth/credentials.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/auth/vault.h"

#include <string.h>
#include <sys/stat.h>

const char credentials_manifest[] =
    "{\"id\": \"credentials\", \"version\": \"1.0.0\", \"description\": \"Named credentials, encrypted at rest\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"auth:credentials\"], \"provides\": {\"secret_provider\": "
    "\"credentials\"},"
    " \"needs\": [\"fs:*\"],"
    " \"config\": {\"file\": {\"type\": \"string\", \"default\": \"\", \"description\": \"the file of credentials\"}}}";

typedef struct credentials {
	tr_value file; /* path; "" when the node has none */
	tr_value all;  /* wrapped map; absent: not read */
	struct timespec changed;
	ino_t inode;
	char why[VAULT_TEXT];
} credentials;

static tr_err credentials_init(void *state, tr_value config, tr_value *reason)
{
	credentials *c = state;

	(void)reason;
	c->file = tr_keep(tr_map_get_s(config, "file"));
	c->all = tr_absent();
	return TR_OK;
}

static void credentials_stop(void *state)
{
	credentials *c = state;

	tr_clear(&c->file);
	tr_clear(&c->all);
}

/* On the dirty pool: making a key from a passphrase takes a tenth of a second. */
static void *read_all(void *arg)
{
	credentials *c = arg;
	vault_key key = vault_key_of_environment();
	tr_value all = vault_read(tr_as_cstr(c->file, ""), &key, c->why);

	tr_assign(&c->all, tr_is_valid(all) ? secret_wrap(all) : all);
	return NULL;
}

static void refresh(credentials *c)
{
	struct stat st;

	if (stat(tr_as_cstr(c->file, ""), &st) != 0)
		memset(&st, 0, sizeof st);
	if (tr_is_valid(c->all) && st.st_ino == c->inode && st.st_mtim.tv_sec == c->changed.tv_sec &&
	    st.st_mtim.tv_nsec == c->changed.tv_nsec)
		return;
	(void)tr_dirty(read_all, c, NULL);
	c->inode = st.st_ino;
	c->changed = st.st_mtim;
}

static tr_value failed(tr_value text)
{
	return TR_LIST(TR_A(error), text);
}

/* Whoever asks must be allowed to have this one; absent, or a text. */
static tr_value refusal(tr_pid who, tr_value name)
{
	tr_value grant = tr_stringf("secret:%s", tr_as_cstr(name, "NAME")), why = tr_absent();

	if (!tr_is(name, TR_STRING) || !tr_plugin_granted_to(who, tr_as_cstr(grant, "secret:")))
		why = tr_grant_missing(tr_as_cstr(grant, "secret:"));
	tr_drop(grant);
	return why;
}

static tr_value get(credentials *c, tr_pid who, tr_value name)
{
	tr_value why = refusal(who, name);

	if (tr_is_valid(why))
		return failed(why);
	if (tr_as_str(c->file).n == 0)
		return failed(tr_string("this node has no store of credentials"));
	refresh(c);
	if (!tr_is_valid(c->all))
		return failed(tr_string(c->why));
	tr_value fields = tr_map_get(secret_open(c->all), name);
	if (!tr_is(fields, TR_MAP))
		return failed(tr_stringf("there is none of this name; 'troupe credential add %s' makes it",
					 tr_as_cstr(name, "NAME")));
	return TR_LIST(TR_A(ok), secret_wrap(tr_keep(fields)));
}

static tr_value names(credentials *c)
{
	tr_value list = tr_array();

	refresh(c);
	tr_value all = secret_open(c->all);
	for (size_t i = 0; i < tr_map_len(all); i++)
		list = tr_array_push(list, tr_keep(tr_map_entries(all)[i].key));
	return list;
}

static tr_value credentials_call(void *state, tr_value request, tr_from from)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));

	if (tr_str_is(what, "get"))
		return get(state, from.pid, tr_array_at(request, 1));
	if (tr_str_is(what, "names"))
		return names(state);
	return failed(tr_string("credentials: a request is [get, name] or [names]"));
}

const tr_plugin credentials_plugin = {
    TR_PLUGIN_HEAD,           .state_size = sizeof(credentials), .init = credentials_init,
    .stop = credentials_stop, .call = credentials_call,
};
