/* SPDX-License-Identifier: Apache-2.0 */
/* The table of docs/playbook.md, "Results and tools": kinds that work on the node itself, and the list of all. */
#include "playbook/check/kinds.h"
#include "playbook/check/kind_macros.h"

/* ---- python ---- */

static const kind_key python_keys[] = {
    {.key = "code",
     .doc = "Python code; return, result or main(…) gives the result",
     .body = true,
     .shapes = SHAPE_TEXT,
     .form = FORM_FULL},
    {.key = "script", .doc = "Python code, or where it is", .body = true, .shapes = SHAPE_TEXT | SHAPE_MAP},
    FULL_KEY("file", "File with the code"),
    {.key = "libs",
     .doc = "Modules to import, by name",
     .shapes = SHAPE_LIST | SHAPE_MAP,
     .items = SHAPE_TEXT,
     .such_as = "such as libs: [math, \"numpy as np\"]"},
    SECONDS_KEY("timeout", "Seconds"),
    COUNT_KEY("memory", "Memory limit in bytes", 1, COUNT_MOST),
};
const tool_kind kind_python = {
    .name = "python", .doc = "Python code", KEYS(python_keys), .one_of = NAMES("code", "script", "file")};

/* ---- shell ---- */

static const kind_key shell_keys[] = {
    {.key = "cmds",
     .doc = "Commands, each run by bash -c; the first failure stops",
     .body = true,
     .shapes = SHAPE_TEXT | SHAPE_LIST,
     .items = SHAPE_TEXT},
    {.key = "env", .doc = "Environment variables", .shapes = SHAPE_MAP, .such_as = "such as env: { NAME: value }"},
    FULL_KEY("cwd", "Working directory"),
    {.key = "exports",
     .doc = "Variables whose values are part of the result",
     .shapes = SHAPE_LIST,
     .items = SHAPE_TEXT,
     .form = FORM_VARIABLE,
     .such_as = "such as exports: [TOTAL]"},
    SECONDS_KEY("timeout", "Seconds"),
};
const tool_kind kind_shell = {.name = "shell", .doc = "Shell commands", KEYS(shell_keys), .required = NAMES("cmds")};

/* ---- playbook, workbook ---- */

static const kind_key playbook_keys[] = {
    FULL_KEY("path", "Catalog path, or file relative to this one"),
    FULL_KEY("return_step", "Step whose result is returned"),
    SECONDS_KEY("timeout", "Seconds"),
    BOOL_KEY("wait", "Wait for the end (default true)"),
    {.key = "version", .doc = "Version in the catalog", .shapes = SHAPE_TEXT | SHAPE_NUMBER},
};
const tool_kind kind_playbook = {
    .name = "playbook", .doc = "Runs another playbook", KEYS(playbook_keys), .required = NAMES("path")};

static const kind_key workbook_keys[] = {
    FULL_KEY("name", "Name of the workbook's entry"),
};
const tool_kind kind_workbook = {
    .name = "workbook", .doc = "Runs an entry of the workbook", KEYS(workbook_keys), .required = NAMES("name")};

/* ---- secrets ---- */

static const kind_key secrets_keys[] = {
    CHOICE_KEY("provider", "env (default), file, credential, vault, or a cloud's manager", "env", "file", "credential",
	       "vault", "gcp", "google", "gcp_secret_manager", "aws", "aws_secrets_manager"),
    FULL_KEY("name", "Name of the secret"),
    {.key = "version", .doc = "Version of the secret", .shapes = SHAPE_TEXT | SHAPE_NUMBER},
    FULL_KEY("field", "Field of a secret that is a mapping"),
    TEXT_KEY("project", "Project that holds it (gcp)"),
    TEXT_KEY("region", "Region that holds it (aws)"),
    {.key = "address", .doc = "Address of Vault", .shapes = SHAPE_TEXT, .form = FORM_WEB},
    {.key = "endpoint", .doc = "Address of a cloud's manager", .shapes = SHAPE_TEXT, .form = FORM_WEB},
};
const tool_kind kind_secrets = {
    .name = "secrets", .doc = "Reads a secret", KEYS(secrets_keys), .required = NAMES("name")};

/* ---- artifact, noop ---- */

static const kind_key artifact_keys[] = {
    CHOICE_KEY("action", "What to do", "get", "put", "head", "delete"),
    {.key = "ref",
     .doc = "Reference to the artifact",
     .shapes = SHAPE_TEXT | SHAPE_MAP,
     .such_as = "such as ref: \"{{ fetch._ref }}\""},
    {.key = "data", .doc = "What to put", .null_counts = true},
    TEXT_KEY("content_type", "Content type of what is put"),
    TEXT_KEY("name", "Name of what is put"),
};
static const kind_group artifact_groups[] = {
    {.rule = GROUP_ALL, .keys = NAMES("data"), .when_key = "action", .when_value = "put"},
    {.rule = GROUP_ALL, .keys = NAMES("ref"), .when_key = "action", .when_value = "get"},
    {.rule = GROUP_ALL, .keys = NAMES("ref"), .when_key = "action", .when_value = "head"},
    {.rule = GROUP_ALL, .keys = NAMES("ref"), .when_key = "action", .when_value = "delete"},
};
const tool_kind kind_artifact = {.name = "artifact",
				 .doc = "Read and write artifacts",
				 KEYS(artifact_keys),
				 GROUPS(artifact_groups),
				 .required = NAMES("action")};

static const kind_key noop_keys[] = {
    ANY_KEY("result", "What the task gives"),
};
const tool_kind kind_noop = {.name = "noop", .doc = "Does nothing; carries rules and writes", KEYS(noop_keys)};

/* ---- all ---- */

static const tool_kind *const kinds[] = {
    &kind_artifact, &kind_duckdb,  &kind_http,  &kind_nats,      &kind_noop,     &kind_playbook, &kind_postgres,
    &kind_python,   &kind_secrets, &kind_shell, &kind_snowflake, &kind_transfer, &kind_workbook,
};

const tool_kind *const *kind_table(size_t *count)
{
	*count = sizeof kinds / sizeof *kinds;
	return kinds;
}

const tool_kind *kind_find(tr_str name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (name_is(name, kinds[i]->name))
			return kinds[i];
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
