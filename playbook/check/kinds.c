/* SPDX-License-Identifier: Apache-2.0 */
/* The table of docs/playbook.md, "Results and tools". */
#include "playbook/check/kinds.h"
#include "playbook/check/schema.h"

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define KEYS(table) (table), sizeof(table) / sizeof *(table)
#define KEY(name, text)                      \
	{                                    \
		.key = (name), .doc = (text) \
	}
#define BODY(name, text)                                   \
	{                                                  \
		.key = (name), .doc = (text), .body = true \
	}
#define CHOICE(name, text, ...)                                            \
	{                                                                  \
		.key = (name), .doc = (text), .values = NAMES(__VA_ARGS__) \
	}

static const kind_key http_keys[] = {
    KEY("method", "GET (default), POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    KEY("url", "Where to"),
    KEY("endpoint", "Where to; the same as url"),
    KEY("params", "Query parameters; null ones are left out"),
    KEY("headers", "Request headers"),
    KEY("json", "Body, sent as JSON"),
    KEY("body", "Body as it is"),
    KEY("payload", "Body, sent as JSON when it is not text"),
    KEY("data", "Body as it is, or form fields"),
    KEY("form", "Form fields"),
    KEY("files", "Files of a multipart form"),
    KEY("timeout", "Seconds, or a mapping of connect, read and total"),
    KEY("verify_ssl", "Check the server's certificate (default true)"),
    KEY("follow_redirects", "Follow redirects (default true)"),
    KEY("max_body", "Most bytes of a body that are read"),
    KEY("stream", "Put a large body into the artifact store even when it is JSON"),
    KEY("proxy", "Address of a proxy; empty: none"),
};

#define SQL_KEYS                                                                                                \
	BODY("command", "SQL, one or several statements"), BODY("commands", "SQL, a list of statements"),       \
	    BODY("query", "SQL"), BODY("script", "SQL, or where the SQL is"), KEY("file", "File with the SQL"), \
	    KEY("params", "Bind values: a list for $1, a mapping for :name")

static const kind_key postgres_keys[] = {
    SQL_KEYS,
    KEY("transaction", "Run all statements in one transaction"),
    KEY("stream", "Read large results in chunks"),
    KEY("database", "Name of the database"),
    KEY("timeout", "Seconds for all statements"),
};

static const kind_key duckdb_keys[] = {
    SQL_KEYS,
    KEY("transaction", "Run all statements in one transaction"),
    KEY("database", "File of the database, or :memory:; default: one an execution"),
    KEY("attach", "Databases to attach: alias to path, credential or mapping"),
    KEY("max_bytes", "Most bytes of rows"),
    KEY("timeout", "Seconds for all statements"),
};

static const kind_key snowflake_keys[] = {
    SQL_KEYS,
    KEY("database", "Database"),
    KEY("schema", "Schema"),
    KEY("warehouse", "Warehouse"),
    KEY("role", "Role"),
    KEY("account", "Account"),
    KEY("transaction", "Run all statements in one transaction"),
    KEY("max_bytes", "Most bytes of rows"),
    KEY("timeout", "Seconds for all statements"),
};

static const kind_key python_keys[] = {
    BODY("code", "Python code; return, result or main(…) gives the result"),
    BODY("script", "Python code, or where it is"),
    KEY("file", "File with the code"),
    KEY("libs", "Modules to import, by name"),
    KEY("timeout", "Seconds"),
    KEY("memory", "Memory limit in bytes"),
};

static const kind_key shell_keys[] = {
    BODY("cmds", "Commands, each run by bash -c; the first failure stops"),
    KEY("env", "Environment variables"),
    KEY("cwd", "Working directory"),
    KEY("exports", "Variables whose values are part of the result"),
    KEY("timeout", "Seconds"),
};

static const kind_key playbook_keys[] = {
    KEY("path", "Catalog path, or file relative to this one"),
    KEY("return_step", "Step whose result is returned"),
    KEY("timeout", "Seconds"),
    KEY("wait", "Wait for the end (default true)"),
    KEY("version", "Version in the catalog"),
};

static const kind_key workbook_keys[] = {
    KEY("name", "Name of the workbook's entry"),
};

static const kind_key secrets_keys[] = {
    KEY("provider", "env (default), file, vault, or a cloud's manager"),
    KEY("name", "Name of the secret"),
    KEY("version", "Version of the secret"),
    KEY("field", "Field of a secret that is a mapping"),
    KEY("project", "Project or account that holds it"),
    KEY("url", "Address of the provider"),
};

static const kind_key transfer_keys[] = {
    KEY("source", "Where rows come from: kind and its keys"),
    KEY("target", "Where rows go: kind and its keys"),
    CHOICE("mode", "append (default), replace, upsert", "append", "replace", "upsert"),
    KEY("mapping", "Target column to source column; default: all, under their own names"),
    KEY("chunk_size", "Rows a chunk"),
    KEY("key", "Columns that identify a row, for upsert"),
    KEY("keys", "Columns that identify a row, for upsert"),
    KEY("timeout", "Seconds"),
};

static const kind_key artifact_keys[] = {
    CHOICE("action", "What to do", "get", "put", "head", "delete"),
    KEY("ref", "Reference to the artifact"),
    KEY("data", "What to put"),
    KEY("content_type", "Content type of what is put"),
    KEY("name", "Name of what is put"),
};

static const kind_key nats_keys[] = {
    CHOICE("operation", "What to do", "kv_get", "kv_put", "kv_delete", "kv_keys", "publish", "request", "js_publish",
	   "js_get"),
    KEY("bucket", "Key-value bucket"),
    KEY("key", "Key in the bucket"),
    KEY("value", "Value to put"),
    KEY("revision", "Write only over this revision of the key; 0: only when it is not there"),
    KEY("filter", "Only keys that match (* one word, > the rest)"),
    KEY("max_keys", "Most keys that are given"),
    KEY("subject", "Subject"),
    KEY("data", "Message"),
    KEY("headers", "Message headers"),
    KEY("stream", "Stream"),
    KEY("seq", "Sequence number in the stream"),
    KEY("url", "Address of the server"),
    KEY("timeout", "Seconds"),
};

static const kind_key noop_keys[] = {
    KEY("result", "What the task gives"),
};

static const tool_kind kinds[] = {
    {"artifact", "Read and write artifacts", KEYS(artifact_keys), NAMES("action"), NULL},
    {"duckdb", "SQL in DuckDB", KEYS(duckdb_keys), NULL, NAMES("command", "commands", "query", "script", "file")},
    {"http", "An HTTP request", KEYS(http_keys), NULL, NAMES("url", "endpoint")},
    {"nats", "NATS key-value store, subjects and streams", KEYS(nats_keys), NAMES("operation"), NULL},
    {"noop", "Does nothing; carries rules and writes", KEYS(noop_keys), NULL, NULL},
    {"playbook", "Runs another playbook", KEYS(playbook_keys), NAMES("path"), NULL},
    {"postgres", "SQL in PostgreSQL", KEYS(postgres_keys), NULL,
     NAMES("command", "commands", "query", "script", "file")},
    {"python", "Python code", KEYS(python_keys), NULL, NAMES("code", "script", "file")},
    {"secrets", "Reads a secret", KEYS(secrets_keys), NAMES("name"), NULL},
    {"shell", "Shell commands", KEYS(shell_keys), NAMES("cmds"), NULL},
    {"snowflake", "SQL in Snowflake", KEYS(snowflake_keys), NULL,
     NAMES("command", "commands", "query", "script", "file")},
    {"transfer", "Copies rows from one place to another", KEYS(transfer_keys), NAMES("source", "target"), NULL},
    {"workbook", "Runs an entry of the workbook", KEYS(workbook_keys), NAMES("name"), NULL},
};

const tool_kind *kind_table(size_t *count)
{
	*count = sizeof kinds / sizeof *kinds;
	return kinds;
}

const tool_kind *kind_find(tr_str name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (name_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

const kind_key *kind_key_find(const tool_kind *kind, tr_str key)
{
	for (size_t i = 0; kind != NULL && i < kind->key_count; i++) {
		if (name_is(key, kind->keys[i].key))
			return &kind->keys[i];
	}
	return NULL;
}
