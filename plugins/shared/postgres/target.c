/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials to connection parameters. */
#include "plugins/shared/postgres/target.h"
#include "plugins/shared/address.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/auth/file.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <troupe/io.h>

#define CONNECTION_STRINGS "dsn", "connection_string", "url"

/* Each name once: what libpq takes of several is not what was looked at here. */
static void put(pg_target *t, const char *name, tr_value text)
{
	if (!tr_is(text, TR_STRING)) {
		tr_drop(text);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->names[i], name) == 0) {
			tr_drop(t->values[i]);
			t->values[i] = text;
			return;
		}
	if (t->count == PG_PARAMETERS) {
		tr_drop(text);
		return;
	}
	t->names[t->count] = name;
	t->values[t->count++] = text;
}

static const char *get(const pg_target *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->names[i], name) == 0)
			return tr_as_cstr(t->values[i], "");
	return NULL;
}

/* What a connection string may say; anything else in one is refused, files of the node's above all. */
static const char *const from_text[] = {"host",
					"port",
					"user",
					"password",
					"dbname",
					"sslmode",
					"options",
					"application_name",
					"sslrootcert",
					"connect_timeout",
					"target_session_attrs"};

static const char *known_name(const char *name)
{
	for (size_t i = 0; i < sizeof from_text / sizeof *from_text; i++)
		if (strcmp(from_text[i], name) == 0)
			return from_text[i];
	return NULL;
}

static tr_value read_text(pg_target *t, tr_value text)
{
	char *why = NULL;
	tr_value fault = tr_absent();
	PQconninfoOption *options = PQconninfoParse(tr_as_cstr(text, ""), &why);

	if (options == NULL) {
		fault = tr_outcome_error("auth", false, "postgres: the connection string cannot be read: %s",
					 why == NULL ? "out of memory" : why);
		PQfreemem(why);
		return fault;
	}
	for (PQconninfoOption *o = options; o->keyword != NULL && !tr_is_valid(fault); o++) {
		if (o->val == NULL)
			continue;
		const char *name = known_name(o->keyword);
		if (name == NULL)
			fault = tr_outcome_error("auth", false, "postgres: the connection string may not set %s",
						 o->keyword);
		else
			put(t, name, tr_string(o->val));
	}
	PQconninfoFree(options);
	return fault;
}

static void read_fields(pg_target *t, tr_value f)
{
	put(t, "host", auth_text(f, "host", "db_host", "hostname", "server", NULL));
	put(t, "port", auth_text(f, "port", "db_port", NULL));
	put(t, "user", auth_text(f, "user", "username", "db_user", NULL));
	put(t, "password", auth_text(f, "password", "db_password", "pass", NULL));
	put(t, "dbname", auth_text(f, "database", "dbname", "db_name", "db", NULL));
	put(t, "sslmode", auth_text(f, "sslmode", NULL));
	put(t, "sslrootcert", auth_text(f, "sslrootcert", NULL));
	put(t, "options", auth_text(f, "options", NULL));
}

static tr_value link_local(const char *host)
{
	return tr_outcome_denied("net:link-local", "postgres may not reach the link-local address %s", host);
}

/* libpq tries one after the other, each by the name that stands in the same place of the list of hosts. */
static void put_addresses(pg_target *t, const char *host, tr_value addresses)
{
	tr_value names = tr_string(""), all = tr_string("");

	for (size_t i = 0; i < tr_array_len(addresses); i++) {
		const char *comma = i == 0 ? "" : ",";
		tr_value name = tr_stringf("%s%s%s", tr_as_cstr(names, ""), comma, host);
		tr_value address =
		    tr_stringf("%s%s%s", tr_as_cstr(all, ""), comma, tr_as_cstr(tr_array_at(addresses, i), ""));
		tr_drop(names);
		tr_drop(all);
		names = name;
		all = address;
	}
	put(t, "host", names); /* last: host may be the text that this replaces */
	put(t, "hostaddr", all);
}

/* libpq would look the name up with the thread standing still. */
static tr_value look_up(pg_target *t, const char *host, int64_t deadline)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (host[0] == '/' || strchr(host, ',') != NULL)
		return tr_absent();
	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
		if (address_text_is_local(host) && !tr_plugin_granted("net:link-local"))
			return link_local(host);
		put(t, "hostaddr", tr_string(host));
		return tr_absent();
	}
	tr_value list = tr_resolve(host, deadline);
	if (tr_array_len(list) == 0) {
		tr_err err = tr_value_err(list);
		tr_drop(list);
		if (err == TR_EDENIED)
			return link_local(host);
		return tr_outcome_error("connection", true, "postgres: the host %s cannot be found: %s", host,
					tr_err_text(err));
	}
	tr_value tries = address_list_tries(list, tr_plugin_granted("net:link-local"));
	tr_value fault = tr_array_len(tries) == 0 ? link_local(host) : tr_absent();
	put_addresses(t, host, tries);
	tr_drop(tries);
	tr_drop(list);
	return fault;
}

static tr_value check_grant(const char *host)
{
	tr_value grant = tr_stringf(host[0] == '/' ? "fs:%s" : "net:%s", host);
	bool ok = tr_plugin_granted(tr_as_cstr(grant, "net"));
	tr_value fault =
	    ok ? tr_absent() : tr_outcome_denied(tr_as_cstr(grant, "net"), "postgres may not reach %s", host);
	tr_drop(grant);
	return fault;
}

/* The file with the certificates that a server's must be signed by; libpq reads it. */
static tr_value check_certificate(pg_target *t, tr_value auth, tr_value input, tr_value context)
{
	static const char *const said_by[] = {"sslrootcert", CONNECTION_STRINGS, NULL};
	auth_files files = {"postgres", auth, input, context};
	const char *given = get(t, "sslrootcert");
	tr_value fault, path, real;

	if (given == NULL || given[0] == '\0' || strcmp(given, "system") == 0)
		return tr_absent();
	path = tr_string(given);
	real = auth_file(&files, path, said_by, &fault);
	tr_drop(path);
	put(t, "sslrootcert", real);
	return fault;
}

static void make_key(pg_target *t)
{
	crypto_generichash_state hash;
	unsigned char sum[32];

	crypto_generichash_init(&hash, NULL, 0, sizeof sum);
	for (size_t i = 0; i < t->count; i++) {
		const char *value = tr_as_cstr(t->values[i], "");
		crypto_generichash_update(&hash, (const unsigned char *)t->names[i], strlen(t->names[i]) + 1);
		crypto_generichash_update(&hash, (const unsigned char *)value, strlen(value) + 1);
	}
	crypto_generichash_final(&hash, sum, sizeof sum);
	sodium_bin2hex(t->key, sizeof t->key, sum, sizeof sum);
}

PGconn *pg_target_connect(const pg_target *t)
{
	static const char *const ours[][2] = {
	    {"client_encoding", "UTF8"},
	    {"gssencmode", "disable"},
	    /* The password file is the operator's, not the playbook author's. */
	    {"passfile", "/nonexistent/pgpass"},
	    {"application_name", "troupe"},
	};
	size_t n = t->count, more = sizeof ours / sizeof *ours - (get(t, "application_name") != NULL);
	const char *names[PG_PARAMETERS + sizeof ours / sizeof *ours + 1];
	const char *values[PG_PARAMETERS + sizeof ours / sizeof *ours + 1];

	for (size_t i = 0; i < n; i++) {
		names[i] = t->names[i];
		values[i] = tr_as_cstr(t->values[i], "");
	}
	for (size_t i = 0; i < more; i++, n++) {
		names[n] = ours[i][0];
		values[n] = ours[i][1];
	}
	names[n] = values[n] = NULL;
	return PQconnectStartParams(names, values, 0);
}

tr_value pg_target_read(pg_target *t, tr_value auth, tr_value input, tr_value context, int64_t deadline)
{
	tr_value fault, fields = auth_resolve(auth, "postgres", deadline, &fault);

	if (tr_is_valid(fault))
		return fault;
	/* The fields may also stand in the task itself. */
	tr_value all = tr_map_merge(tr_is(fields, TR_MAP) ? fields : tr_map(), tr_keep(input));
	tr_value text = auth_text(all, CONNECTION_STRINGS, NULL);
	if (tr_is(text, TR_STRING))
		fault = read_text(t, text);
	read_fields(t, all);
	tr_drop(text);
	tr_drop(all);
	if (tr_is_valid(fault))
		return fault;
	const char *host = get(t, "host");
	if (host == NULL)
		return tr_outcome_error("auth", false,
					"postgres: no server is named; auth needs at least host, user and database, "
					"or dsn");
	fault = check_grant(host);
	if (!tr_is_valid(fault))
		fault = check_certificate(t, auth, input, context);
	if (!tr_is_valid(fault))
		fault = look_up(t, host, deadline);
	make_key(t);
	return fault;
}

void pg_target_fini(pg_target *t)
{
	while (t->count > 0)
		tr_drop(t->values[--t->count]);
}
