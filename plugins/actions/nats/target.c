/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields: url (nats://, tls://; several with commas or as a list) or host and port; user and password, token, creds or
 * creds_file (what `nsc` writes), nkey_seed; tls, verify_ssl, ca, cert and key (PEM text, or ca_file, cert_file,
 * key_file), inbox_prefix.
 */
#include "plugins/actions/nats/target.h"
#include "plugins/actions/nats/nkey.h"
#include "plugins/shared/address.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/auth/file.h"

#include <curl/curl.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <troupe/codec.h>
#include <troupe/io.h>

#define MAX_SERVERS 16u
#define MAX_FILE    (1u << 20)

typedef struct reading {
	tr_value fields; /* of the credential and the task */
	tr_value out;
	tr_value fault;
	int64_t deadline;
	auth_files files;
} reading;

static void put(reading *r, const char *name, tr_value text)
{
	if (tr_is(text, TR_STRING))
		r->out = tr_map_put_s(r->out, name, text);
	else
		tr_drop(text);
}

static void fail(reading *r, tr_value outcome)
{
	if (tr_is_valid(r->fault))
		tr_drop(outcome);
	else
		r->fault = outcome;
}

/* ---- servers ---- */

static bool granted(reading *r, const char *host)
{
	tr_value grant = tr_stringf("net:%s", host);
	bool ok = tr_plugin_granted(tr_as_cstr(grant, "net"));

	if (!ok)
		fail(r, tr_outcome_denied(tr_as_cstr(grant, "net"), "nats may not reach %s", host));
	tr_drop(grant);
	return ok;
}

/* Names are looked up by the reactor: the library would look them up with its thread standing still. */
static tr_value addresses_of(reading *r, const char *host)
{
	size_t n = strlen(host);
	tr_value bare = host[0] == '[' && n > 2 ? tr_string_n(host + 1, n - 2) : tr_string(host);
	tr_value list = tr_resolve(tr_as_cstr(bare, ""), r->deadline);
	tr_value tries = address_list_tries(list, tr_plugin_granted("net:link-local"));

	if (tr_value_err(list) == TR_EDENIED)
		fail(r, tr_outcome_error("denied", false,
					 "nats may not reach %s: it is a link-local address, which needs the grant "
					 "net:link-local, or its grant is missing",
					 host));
	else if (tr_array_len(list) == 0)
		fail(r, tr_outcome_error("connection", true, "nats: the host %s cannot be found: %s", host,
					 tr_err_text(tr_value_err(list))));
	else if (tr_array_len(tries) == 0)
		fail(r, tr_outcome_denied("net:link-local", "nats may not reach the link-local address %s", host));
	tr_drop(bare);
	tr_drop(list);
	return tries;
}

static void add_url(reading *r, const char *host, const char *port)
{
	tr_value urls = tr_keep(tr_map_get_s(r->out, "urls"));
	tr_value addresses = granted(r, host) ? addresses_of(r, host) : tr_array();

	for (size_t i = 0; i < tr_array_len(addresses); i++) {
		const char *address = tr_as_cstr(tr_array_at(addresses, i), "");
		bool six = strchr(address, ':') != NULL;
		urls = tr_array_push(urls, tr_stringf(six ? "nats://[%s]:%s" : "nats://%s:%s", address, port));
	}
	r->out = tr_map_put_s(r->out, "urls", urls);
	if (tr_array_len(addresses) > 0)
		put(r, "host", tr_string(host));
	tr_drop(addresses);
}

static void take_user(reading *r, CURLU *u)
{
	char *user = NULL, *password = NULL;

	curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE);
	curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
	if (user != NULL && password == NULL)
		put(r, "token", tr_string(user));
	if (user != NULL && password != NULL) {
		put(r, "user", tr_string(user));
		put(r, "password", tr_string(password));
	}
	curl_free(user);
	curl_free(password);
}

static void read_url(reading *r, tr_str text)
{
	static const unsigned flags = CURLU_NON_SUPPORT_SCHEME;
	bool bare = memmem(text.p, text.n, "://", 3) == NULL;
	tr_value whole = tr_stringf("%s%.*s", bare ? "nats://" : "", TR_STR(text));
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	CURLUcode code =
	    u == NULL ? CURLUE_OUT_OF_MEMORY : curl_url_set(u, CURLUPART_URL, tr_as_cstr(whole, ""), flags);

	if (code == CURLUE_OK)
		code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(u, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK && strcasecmp(scheme, "nats") != 0 && strcasecmp(scheme, "tls") != 0)
		code = CURLUE_UNSUPPORTED_SCHEME;
	if (code == CURLUE_OK) {
		curl_url_get(u, CURLUPART_PORT, &port, 0);
		take_user(r, u);
		if (strcasecmp(scheme, "tls") == 0)
			r->out = tr_map_put_s(r->out, "tls", tr_bool(true));
		add_url(r, host, port == NULL ? "4222" : port);
	} else {
		fail(r,
		     tr_outcome_error("input", false, "nats: the url cannot be used: %s; write it as nats://host:4222",
				      curl_url_strerror(code)));
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	tr_drop(whole);
}

static void read_servers(reading *r)
{
	tr_value url = secret_open(tr_map_get_s(r->fields, "url"));
	tr_value host = auth_text(r->fields, "host", "hostname", "server", NULL);
	tr_value port = auth_text(r->fields, "port", NULL);

	if (tr_is(url, TR_STRING)) {
		const char *p = tr_as_cstr(url, "");
		for (size_t i = 0; *p != '\0' && i < MAX_SERVERS; i++) {
			size_t n = strcspn(p, ", ");
			if (n > 0)
				read_url(r, (tr_str){p, n});
			p += n + strspn(p + n, ", ");
		}
	}
	for (size_t i = 0; i < tr_array_len(url) && i < MAX_SERVERS; i++)
		read_url(r, tr_as_str(tr_array_at(url, i)));
	if (!tr_is_valid(url) && tr_is(host, TR_STRING))
		add_url(r, tr_as_cstr(host, ""), tr_as_cstr(port, "4222"));
	tr_drop(host);
	tr_drop(port);
	if (!tr_is_valid(r->fault) && tr_array_len(tr_map_get_s(r->out, "urls")) == 0)
		fail(r,
		     tr_outcome_error("auth", false,
				      "nats: no server is named; give url (nats://host:4222) in the task or in auth"));
}

/* ---- who one is ---- */

/* The text of a field, or of the file that a second field names. */
static tr_value text_or_file(reading *r, const char *name, const char *file_name)
{
	const char *const said_by[] = {file_name, NULL};
	tr_value text = auth_text(r->fields, name, NULL), path = auth_text(r->fields, file_name, NULL), fault;

	if (!tr_is(text, TR_STRING) && tr_is(path, TR_STRING)) {
		text = auth_file_read(&r->files, path, said_by, MAX_FILE, &fault);
		if (tr_is_valid(fault))
			fail(r, fault);
	}
	tr_drop(path);
	return text;
}

/* What stands between the lines "-----BEGIN what-----" and "------END what------". */
static tr_value part_of(const char *creds, const char *what)
{
	const char *p = strstr(creds, what), *eol = p == NULL ? NULL : strchr(p, '\n');

	if (eol == NULL)
		return tr_absent();
	p = eol + 1 + strspn(eol + 1, " \t\r\n");
	return tr_string_n(p, strcspn(p, " \t\r\n"));
}

static void read_seed(reading *r, tr_value seed)
{
	char public[NKEY_PUBLIC_SIZE];

	if (!tr_is(seed, TR_STRING))
		return;
	if (nkey_public(tr_as_str(seed), public))
		put(r, "nkey", tr_string(public));
	else
		fail(r,
		     tr_outcome_error("auth", false,
				      "nats: nkey_seed is no user's seed (58 letters and digits that begin with SU)"));
	put(r, "seed", tr_keep(seed));
}

static void read_creds(reading *r)
{
	tr_value creds = text_or_file(r, "creds", "creds_file");
	const char *text = tr_as_cstr(creds, "");

	if (tr_is(creds, TR_STRING)) {
		tr_value jwt = part_of(text, "BEGIN NATS USER JWT"), seed = part_of(text, "BEGIN USER NKEY SEED");
		if (!tr_is(jwt, TR_STRING) || !tr_is(seed, TR_STRING))
			fail(r, tr_outcome_error("auth", false, "nats: creds have no user JWT and seed in them"));
		put(r, "jwt", jwt);
		put(r, "seed", seed);
	}
	tr_drop(creds);
}

static void read_identity(reading *r)
{
	put(r, "user", auth_text(r->fields, "user", "username", NULL));
	put(r, "password", auth_text(r->fields, "password", "pass", NULL));
	put(r, "token", auth_text(r->fields, "token", NULL));
	tr_value seed = auth_text(r->fields, "nkey_seed", "seed", NULL);
	read_seed(r, seed);
	tr_drop(seed);
	read_creds(r);
	put(r, "inbox", auth_text(r->fields, "inbox_prefix", NULL));
}

static void read_tls(reading *r)
{
	tr_value tls = tr_map_get_s(r->fields, "tls"), verify = tr_map_get_s(r->fields, "verify_ssl");

	put(r, "ca", text_or_file(r, "ca", "ca_file"));
	put(r, "cert", text_or_file(r, "cert", "cert_file"));
	put(r, "key", text_or_file(r, "key_pem", "key_file"));
	bool on = tr_is_valid(tr_map_get_s(r->out, "tls")) || tr_is_valid(tr_map_get_s(r->out, "ca")) ||
		  tr_is_valid(tr_map_get_s(r->out, "cert"));
	r->out = tr_map_put_s(r->out, "tls", tr_bool(tr_as_bool(tls, on)));
	r->out = tr_map_put_s(r->out, "verify", tr_bool(tr_as_bool(verify, true)));
}

/* ---- the whole ---- */

/* Of a task only what says where to: `key`, `data` and their like mean other things there. */
static tr_value fields_of(tr_value auth, tr_value input)
{
	static const char *const own[] = {"url", "host", "port", "verify_ssl"};
	tr_value all = tr_is(auth, TR_MAP) ? auth : tr_map();

	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		tr_value v = tr_map_get_s(input, own[i]);
		if (tr_is_valid(v) && !tr_is_nil(v))
			all = tr_map_put_s(all, own[i], tr_keep(v));
	}
	return all;
}

/* A text with a NUL would be read to that only, and lead elsewhere than it says. */
static void check_whole(reading *r)
{
	const tr_entry *e = tr_map_entries(r->fields);

	for (size_t i = 0; i < tr_map_len(r->fields); i++) {
		bool list = tr_is(e[i].value, TR_ARRAY);
		size_t n = list ? tr_array_len(e[i].value) : 1;
		for (size_t k = 0; k < n; k++) {
			tr_str s = tr_as_str(list ? tr_array_at(e[i].value, k) : e[i].value);
			if (s.n > 0 && memchr(s.p, '\0', s.n) != NULL)
				fail(r, tr_outcome_error("input", false, "nats: %s has a NUL in it",
							 tr_as_cstr(e[i].key, "a field")));
		}
	}
}

tr_value nats_target_read(tr_value auth, tr_value input, tr_value context, int64_t deadline, tr_value *fault)
{
	tr_value fields = auth_resolve(auth, "nats", deadline, fault);

	if (tr_is_valid(*fault))
		return tr_absent();
	reading r = {.fields = fields_of(fields, input),
		     .fault = tr_absent(),
		     .deadline = deadline,
		     .files = {"nats", auth, tr_absent(), context}};
	r.out = TR_DICT("urls", tr_array());
	check_whole(&r);
	read_servers(&r);
	read_identity(&r);
	read_tls(&r);
	tr_drop(r.fields);
	*fault = r.fault;
	if (!tr_is_valid(r.fault))
		return r.out;
	tr_drop(r.out);
	return tr_absent();
}

tr_value nats_target_key(tr_value target)
{
	unsigned char sum[32];
	char hex[2 * sizeof sum + 1];
	tr_buf bytes = {0};

	(void)tr_msgpack_write(&bytes, target);
	crypto_generichash(sum, sizeof sum, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
	if (bytes.p != NULL)
		sodium_memzero(bytes.p, bytes.n);
	tr_buf_fini(&bytes);
	return tr_string(sodium_bin2hex(hex, sizeof hex, sum, sizeof sum));
}
