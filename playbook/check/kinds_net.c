/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of http and nats, and their credentials. */
#include "playbook/check/kind_macros.h"
#include "playbook/check/kinds_http.h"

/* ---- http ---- */

static const kind_key http_auth_keys[] = {
    CHOICE_KEY("type", "How to say who one is", "bearer", "basic", "api_key", "header", "oauth2"),
    TEXT_KEY("credential", "A credential that this is based on"),
    FULL_KEY("token", "bearer, oauth2: the token"),
    FULL_KEY("access_token", "bearer, oauth2: the token"),
    FULL_KEY("username", "basic: the user"),
    FULL_KEY("user", "basic: the user"),
    TEXT_KEY("password", "basic: the password"),
    TEXT_KEY("pass", "basic: the password"),
    FULL_KEY("name", "api_key, header: name of the header"),
    FULL_KEY("header", "api_key, header: name of the header"),
    FULL_KEY("value", "api_key, header: its value"),
    FULL_KEY("key", "api_key: the value"),
};
static const kind_group http_auth_groups[] = {
    {.rule = GROUP_ONE_OF, .keys = NAMES("type", "credential"), .hint = "bearer, basic, api_key, header or oauth2"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("token", "access_token", "credential"),
     .when_key = "type",
     .when_value = "bearer",
     .needed = "'token'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("token", "access_token", "credential"),
     .when_key = "type",
     .when_value = "oauth2",
     .needed = "'token'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("username", "user", "credential"),
     .when_key = "type",
     .when_value = "basic",
     .needed = "'username' and 'password'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("key", "value", "credential"),
     .when_key = "type",
     .when_value = "api_key",
     .needed = "'key'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("name", "header", "credential"),
     .when_key = "type",
     .when_value = "header",
     .needed = "'name'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("value", "token", "credential"),
     .when_key = "type",
     .when_value = "header",
     .needed = "'value'"},
};
static const tool_kind http_auth = {
    .name = "http_auth", KEYS(http_auth_keys), GROUPS(http_auth_groups), .what = "the auth of a task of kind 'http'"};

static const kind_key timeout_keys[] = {
    SECONDS_KEY("connect", "To connect"),
    SECONDS_KEY("read", "Without a byte"),
    SECONDS_KEY("total", "For all of it"),
};
const tool_kind http_timeout = {
    .name = "http_timeout", KEYS(timeout_keys), .one_of = NAMES("connect", "read", "total"), .what = "a timeout"};

static const kind_key http_keys[] = {HTTP_KEYS};
static const kind_group http_groups[] = {HTTP_GROUPS};
const tool_kind kind_http = {.name = "http",
			     .doc = "An HTTP request",
			     KEYS(http_keys),
			     GROUPS(http_groups),
			     .one_of = NAMES("url", "endpoint"),
			     .auth = &http_auth};

/* ---- nats ---- */

#define TEXT_OR_NUMBER (SHAPE_TEXT | SHAPE_INT)

static const kind_key nats_auth_keys[] = {
    TEXT_KEY("type", "What the credential is for"),
    TEXT_KEY("credential", "A credential that this is based on"),
    {.key = "url",
     .doc = "Address of the server",
     .shapes = SHAPE_TEXT | SHAPE_LIST,
     .items = SHAPE_TEXT,
     .form = FORM_SERVERS},
    FULL_KEY("host", "Host of the server"),
    FULL_KEY("hostname", "Host of the server"),
    FULL_KEY("server", "Host of the server"),
    {.key = "port", .doc = "Its port (4222)", .shapes = TEXT_OR_NUMBER, .min = 1, .max = 65535},
    {.key = "user", .doc = "User", .shapes = TEXT_OR_NUMBER},
    {.key = "username", .doc = "User", .shapes = TEXT_OR_NUMBER},
    {.key = "password", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    {.key = "pass", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    {.key = "token", .doc = "Token", .shapes = TEXT_OR_NUMBER},
    TEXT_KEY("creds", "Content of a credentials file"),
    FULL_KEY("creds_file", "Path of a credentials file"),
    FULL_KEY("nkey_seed", "Seed of an nkey"),
    FULL_KEY("seed", "Seed of an nkey"),
    BOOL_KEY("tls", "Use TLS"),
    BOOL_KEY("verify_ssl", "Check the server's certificate (default true)"),
    TEXT_KEY("ca", "Certificates of authorities, PEM"),
    FULL_KEY("ca_file", "File with them"),
    TEXT_KEY("cert", "Certificate of the client, PEM"),
    FULL_KEY("cert_file", "File with it"),
    TEXT_KEY("key_pem", "Key of the client, PEM"),
    FULL_KEY("key_file", "File with it"),
    FULL_KEY("inbox_prefix", "Where answers go"),
};
static const kind_group nats_auth_groups[] = {
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("url", "host", "hostname", "server", "credential"),
     .hint = "such as url: nats://host:4222",
     .needed = "'url'"},
};
static const tool_kind nats_auth = {.name = "nats_auth",
				    KEYS(nats_auth_keys),
				    GROUPS(nats_auth_groups),
				    .what = "the auth of a task of kind 'nats'",
				    .with_task = true};

static const kind_key nats_keys[] = {
    CHOICE_KEY("operation", "What to do", "kv_get", "kv_put", "kv_delete", "kv_keys", "publish", "request",
	       "js_publish", "js_get"),
    {.key = "bucket", .doc = "Key-value bucket", .shapes = SHAPE_TEXT, .form = FORM_BUCKET},
    {.key = "key", .doc = "Key in the bucket", .shapes = SHAPE_TEXT, .form = FORM_BUCKET_KEY},
    {.key = "value", .doc = "Value to put", .null_counts = true},
    COUNT_KEY("revision", "Write only over this revision of the key; 0: only when it is not there", 0, COUNT_MOST),
    FULL_KEY("filter", "Only keys that match (* one word, > the rest)"),
    COUNT_KEY("max_keys", "Most keys that are given", 1, COUNT_MOST),
    {.key = "subject", .doc = "Subject", .shapes = SHAPE_TEXT, .form = FORM_SUBJECT},
    {.key = "data", .doc = "Message", .null_counts = true},
    {.key = "headers", .doc = "Message headers", .shapes = SHAPE_MAP, .such_as = "such as headers: { Trace: \"7\" }"},
    FULL_KEY("stream", "Stream"),
    COUNT_KEY("seq", "Sequence number in the stream", 1, COUNT_MOST),
    {.key = "url",
     .doc = "Address of the server",
     .shapes = SHAPE_TEXT | SHAPE_LIST,
     .items = SHAPE_TEXT,
     .form = FORM_SERVERS,
     .such_as = "such as nats://host:4222"},
    FULL_KEY("host", "Host of the server, instead of url"),
    {.key = "port", .doc = "Its port (4222)", .shapes = TEXT_OR_NUMBER, .min = 1, .max = 65535},
    BOOL_KEY("verify_ssl", "Check the server's certificate (default true)"),
    SECONDS_KEY("timeout", "Seconds"),
};
static const kind_group nats_groups[] = {
    {.rule = GROUP_ALL, .keys = NAMES("bucket", "key"), .when_key = "operation", .when_value = "kv_get"},
    {.rule = GROUP_ALL, .keys = NAMES("bucket", "key"), .when_key = "operation", .when_value = "kv_put"},
    {.rule = GROUP_ONE_OF, .keys = NAMES("value", "data"), .when_key = "operation", .when_value = "kv_put"},
    {.rule = GROUP_ALL, .keys = NAMES("bucket", "key"), .when_key = "operation", .when_value = "kv_delete"},
    {.rule = GROUP_ALL, .keys = NAMES("bucket"), .when_key = "operation", .when_value = "kv_keys"},
    {.rule = GROUP_ALL,
     .keys = NAMES("subject", "data"),
     .when_key = "operation",
     .when_value = "publish",
     .hint = "an empty message is data: \"\""},
    {.rule = GROUP_ALL, .keys = NAMES("subject"), .when_key = "operation", .when_value = "request"},
    {.rule = GROUP_ALL,
     .keys = NAMES("subject", "data"),
     .when_key = "operation",
     .when_value = "js_publish",
     .hint = "an empty message is data: \"\""},
    {.rule = GROUP_ALL, .keys = NAMES("stream"), .when_key = "operation", .when_value = "js_get"},
    {.rule = GROUP_ONE_OF, .keys = NAMES("seq", "subject"), .when_key = "operation", .when_value = "js_get"},
    {.rule = GROUP_AT_MOST,
     .keys = NAMES("seq", "subject"),
     .when_key = "operation",
     .when_value = "js_get",
     .hint = "seq names one message, subject its last"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("url", "host", "auth", "credential"),
     .setting = "url",
     .hint = "such as url: nats://host:4222, or auth: <name of a credential that has it>",
     .needed = "'url' or 'auth'"},
};
const tool_kind kind_nats = {.name = "nats",
			     .doc = "NATS key-value store, subjects and streams",
			     KEYS(nats_keys),
			     GROUPS(nats_groups),
			     .required = NAMES("operation"),
			     .auth = &nats_auth};
