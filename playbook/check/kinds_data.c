/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of the kinds that work on rows: postgres, duckdb, snowflake, transfer; and their credentials. */
#include "playbook/check/kind_macros.h"
#include "playbook/check/kinds_http.h"

#define TEXT_OR_NUMBER (SHAPE_TEXT | SHAPE_INT)

#define SQL_LIST(name, text)                                                                              \
	{                                                                                                 \
		.key = (name), .doc = (text), .body = true, .shapes = SHAPE_TEXT | SHAPE_LIST | SHAPE_MAP \
	}
#define SQL_KEYS                                                                                                  \
	SQL_LIST("command", "SQL, one or several statements"), SQL_LIST("commands", "SQL, a list of statements"), \
	    SQL_LIST("query", "SQL"), SQL_LIST("script", "SQL, or where the SQL is"),                             \
	    FULL_KEY("file", "File with the SQL"),                                                                \
	{                                                                                                         \
		.key = "params", .doc = "Bind values: a list for $1, a mapping for :name",                        \
		.shapes = SHAPE_LIST | SHAPE_MAP, .such_as = "such as params: [1, abc], or params: { id: 1 }"     \
	}
#define SQL_NAMES NAMES("command", "commands", "query", "script", "file")

/* ---- postgres ---- */

#define SERVER_KEYS                                                                                               \
	FULL_KEY("dsn", "Connection string"), {.key = "host", .doc = "Host of the server", .shapes = SHAPE_TEXT}, \
	    {.key = "port", .doc = "Its port (5432)", .shapes = TEXT_OR_NUMBER, .min = 1, .max = 65535},          \
	    {.key = "user", .doc = "User", .shapes = TEXT_OR_NUMBER},                                             \
	    {.key = "password", .doc = "Password", .shapes = TEXT_OR_NUMBER},                                     \
	{                                                                                                         \
		.key = "sslmode", .doc = "How TLS is used", .shapes = SHAPE_TEXT,                                 \
		.values = NAMES("disable", "allow", "prefer", "require", "verify-ca", "verify-full")              \
	}
#define SERVER_NAMES "dsn", "connection_string", "url", "host", "db_host", "hostname", "server"

static const kind_key postgres_auth_keys[] = {
    SERVER_KEYS,
    TEXT_KEY("type", "What the credential is for"),
    TEXT_KEY("credential", "A credential that this is based on"),
    FULL_KEY("connection_string", "Connection string"),
    FULL_KEY("url", "Connection string"),
    TEXT_KEY("db_host", "Host of the server"),
    TEXT_KEY("hostname", "Host of the server"),
    TEXT_KEY("server", "Host of the server"),
    {.key = "db_port", .doc = "Its port", .shapes = TEXT_OR_NUMBER},
    {.key = "username", .doc = "User", .shapes = TEXT_OR_NUMBER},
    {.key = "db_user", .doc = "User", .shapes = TEXT_OR_NUMBER},
    {.key = "db_password", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    {.key = "pass", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    {.key = "database", .doc = "Name of the database", .shapes = TEXT_OR_NUMBER},
    {.key = "dbname", .doc = "Name of the database", .shapes = TEXT_OR_NUMBER},
    {.key = "db_name", .doc = "Name of the database", .shapes = TEXT_OR_NUMBER},
    {.key = "db", .doc = "Name of the database", .shapes = TEXT_OR_NUMBER},
    FULL_KEY("sslrootcert", "File with certificates of authorities"),
    TEXT_KEY("options", "Options for the server"),
};
static const kind_group postgres_auth_groups[] = {
    {.rule = GROUP_ONE_OF, .keys = NAMES("credential", SERVER_NAMES), .needed = "'host'"},
};
static const tool_kind postgres_auth = {.name = "postgres_auth",
					KEYS(postgres_auth_keys),
					GROUPS(postgres_auth_groups),
					.what = "the auth of a task of kind 'postgres'",
					.with_task = true};

static const kind_key postgres_keys[] = {
    SQL_KEYS,
    BOOL_KEY("transaction", "Run all statements in one transaction"),
    BOOL_KEY("stream", "Read large results in chunks"),
    FULL_KEY("database", "Name of the database"),
    SERVER_KEYS,
    COUNT_KEY("max_bytes", "Most bytes of rows", 1, COUNT_MOST),
    SECONDS_KEY("timeout", "Seconds for all statements"),
};
static const kind_group server_groups[] = {
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("auth", "credential", SERVER_NAMES),
     .hint = "such as auth: <name of a credential>, or a mapping of host, user, password and database",
     .needed = "'auth'"},
};
const tool_kind kind_postgres = {.name = "postgres",
				 .doc = "SQL in PostgreSQL",
				 KEYS(postgres_keys),
				 GROUPS(server_groups),
				 .one_of = SQL_NAMES,
				 .auth = &postgres_auth};

/* ---- duckdb ---- */

static const kind_key duckdb_keys[] = {
    SQL_KEYS,
    BOOL_KEY("transaction", "Run all statements in one transaction"),
    FULL_KEY("database", "File of the database, or :memory:; default: one an execution"),
    {.key = "attach",
     .doc = "Databases to attach: alias to path, credential or mapping",
     .shapes = SHAPE_MAP,
     .items = SHAPE_TEXT | SHAPE_MAP,
     .such_as = "such as attach: { sales: data/sales.duckdb }"},
    COUNT_KEY("max_bytes", "Most bytes of rows", 1, COUNT_MOST),
    SECONDS_KEY("timeout", "Seconds for all statements"),
};
const tool_kind kind_duckdb = {.name = "duckdb", .doc = "SQL in DuckDB", KEYS(duckdb_keys), .one_of = SQL_NAMES};

/* ---- snowflake ---- */

static const kind_key snowflake_auth_keys[] = {
    TEXT_KEY("type", "What the credential is for"),
    TEXT_KEY("credential", "A credential that this is based on"),
    FULL_KEY("account", "Account, as in ACCOUNT.snowflakecomputing.com"),
    FULL_KEY("account_identifier", "Account"),
    {.key = "url", .doc = "Address, instead of account", .shapes = SHAPE_TEXT, .form = FORM_WEB},
    {.key = "base_url", .doc = "Address, instead of account", .shapes = SHAPE_TEXT, .form = FORM_WEB},
    FULL_KEY("user", "User"),
    FULL_KEY("username", "User"),
    {.key = "password", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    {.key = "pass", .doc = "Password", .shapes = TEXT_OR_NUMBER},
    FULL_KEY("private_key", "Key, PEM"),
    FULL_KEY("private_key_pem", "Key, PEM"),
    {.key = "private_key_passphrase", .doc = "Passphrase of the key", .shapes = TEXT_OR_NUMBER},
    {.key = "passphrase", .doc = "Passphrase of the key", .shapes = TEXT_OR_NUMBER},
    FULL_KEY("token", "Token"),
    FULL_KEY("access_token", "Token"),
    CHOICE_KEY("token_type", "What the token is", "OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"),
    TEXT_KEY("database", "Database"),
    TEXT_KEY("db_name", "Database"),
    TEXT_KEY("schema", "Schema"),
    TEXT_KEY("db_schema", "Schema"),
    TEXT_KEY("warehouse", "Warehouse"),
    TEXT_KEY("role", "Role"),
};
static const kind_group snowflake_auth_groups[] = {
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("account", "account_identifier", "url", "base_url", "credential"),
     .needed = "'account'"},
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("private_key", "private_key_pem", "password", "pass", "token", "access_token", "credential"),
     .needed = "'private_key', 'password' or 'token'"},
};
static const tool_kind snowflake_auth = {.name = "snowflake_auth",
					 KEYS(snowflake_auth_keys),
					 GROUPS(snowflake_auth_groups),
					 .what = "the auth of a task of kind 'snowflake'",
					 .with_task = true};

static const kind_key snowflake_keys[] = {
    SQL_KEYS,
    FULL_KEY("database", "Database"),
    FULL_KEY("schema", "Schema"),
    FULL_KEY("warehouse", "Warehouse"),
    FULL_KEY("role", "Role"),
    FULL_KEY("account", "Account"),
    {.key = "url", .doc = "Address, instead of account", .shapes = SHAPE_TEXT, .form = FORM_WEB},
    BOOL_KEY("transaction", "Run all statements in one transaction"),
    COUNT_KEY("max_bytes", "Most bytes of rows", 1, COUNT_MOST),
    SECONDS_KEY("timeout", "Seconds for all statements"),
};
static const kind_group snowflake_groups[] = {
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("auth", "credential"),
     .hint = "such as auth: <name of a credential>, or a mapping of account, user, and private_key, password or token",
     .needed = "'auth'"},
};
const tool_kind kind_snowflake = {.name = "snowflake",
				  .doc = "SQL in Snowflake",
				  KEYS(snowflake_keys),
				  GROUPS(snowflake_groups),
				  .one_of = SQL_NAMES,
				  .auth = &snowflake_auth};

/* ---- transfer ---- */

#define PLACE_KEYS                                                                                          \
	TEXT_KEY("kind", "What is there"), TEXT_KEY("type", "What is there"),                               \
	{                                                                                                   \
		.key = "columns", .doc = "Names of the columns", .shapes = SHAPE_LIST, .items = SHAPE_TEXT, \
		.such_as = "such as columns: [id, name]"                                                    \
	}
#define PLACE_AUTH                                                                   \
	{                                                                            \
		.key = "auth", .doc = "Credential", .shapes = SHAPE_TEXT | SHAPE_MAP \
	}
#define NO_AUTH                                                                              \
	{                                                                                    \
		.key = "auth", .doc = "Credential", .never = "name its file with 'database'" \
	}
#define TARGET_KEYS CHOICE_KEY("mode", "append (default), replace, upsert", "append", "replace", "upsert"), TARGET_REST
#define TARGET_REST                                                                                     \
	PLACE_KEYS, MAP_KEY("mapping", "Target column to source column"),                               \
	    {.key = "key",                                                                              \
	     .doc = "Columns that identify a row",                                                      \
	     .shapes = SHAPE_TEXT | SHAPE_LIST,                                                         \
	     .items = SHAPE_TEXT},                                                                      \
	{                                                                                               \
		.key = "keys", .doc = "Columns that identify a row", .shapes = SHAPE_TEXT | SHAPE_LIST, \
		.items = SHAPE_TEXT                                                                     \
	}
#define TABLE_KEYS FULL_KEY("table", "Table"), FULL_KEY("database", "Database")
#define WAREHOUSE_KEYS                                                                                     \
	TEXT_KEY("schema", "Schema"), TEXT_KEY("warehouse", "Warehouse"), TEXT_KEY("role", "Role"),        \
	    TEXT_KEY("account", "Account"),                                                                \
	{                                                                                                  \
		.key = "url", .doc = "Address, instead of account", .shapes = SHAPE_TEXT, .form = FORM_WEB \
	}
#define FILE_KEYS                                                                                                     \
	FULL_KEY("path", "Path of the file"),                                                                         \
	    CHOICE_KEY("format", "Default: as the path ends", "csv", "jsonl", "ndjson", "json"),                      \
	    BOOL_KEY("header", "The first line of a csv has the names of the columns"),                               \
	    {.key = "delimiter", .doc = "Between the fields of a csv", .shapes = SHAPE_TEXT, .form = FORM_DELIMITER}, \
	{                                                                                                             \
		.key = "null", .doc = "What stands for no value in a csv", .shapes = SHAPE_TEXT                       \
	}

static const kind_key page_keys[] = {
    FULL_KEY("param", "The query parameter with the page's number"),
    COUNT_KEY("start", "Number of the first page", 0, COUNT_MOST),
};
static const tool_kind page = {.name = "page", KEYS(page_keys), .what = "page"};

static const kind_key from_http[] = {PLACE_AUTH,
				     PLACE_KEYS,
				     HTTP_KEYS,
				     TEXT_KEY("path", "Where the list of rows is in the answer"),
				     TEXT_KEY("next", "Where the address of the next page is in the answer"),
				     {.key = "page", .doc = "Pages by number", .shapes = SHAPE_MAP, .of = &page}};
static const kind_key from_postgres[] = {PLACE_AUTH, PLACE_KEYS, TABLE_KEYS, SQL_KEYS, SERVER_KEYS};
static const kind_key from_duckdb[] = {
    NO_AUTH, PLACE_KEYS, TABLE_KEYS, SQL_KEYS, {.key = "attach", .doc = "Databases to attach", .shapes = SHAPE_MAP}};
static const kind_key from_snowflake[] = {PLACE_AUTH, PLACE_KEYS, TABLE_KEYS, SQL_KEYS, WAREHOUSE_KEYS};
static const kind_key from_file[] = {PLACE_KEYS, FILE_KEYS};
static const kind_key to_http[] = {PLACE_AUTH, CHOICE_KEY("mode", "append (default)", "append"), TARGET_REST, HTTP_KEYS,
				   FULL_KEY("wrap", "Name of the list in the request")};
static const kind_key to_postgres[] = {PLACE_AUTH, TARGET_KEYS, TABLE_KEYS, SERVER_KEYS,
				       BOOL_KEY("create", "Make a table that is not there (default true)")};
static const kind_key to_duckdb[] = {NO_AUTH,
				     TARGET_KEYS,
				     TABLE_KEYS,
				     BOOL_KEY("create", "Make a table that is not there (default true)"),
				     {.key = "attach", .doc = "Databases to attach", .shapes = SHAPE_MAP}};
static const kind_key to_snowflake[] = {PLACE_AUTH, TARGET_KEYS, TABLE_KEYS, WAREHOUSE_KEYS,
					BOOL_KEY("create", "Make a table that is not there (default true)")};
static const kind_key to_file[] = {CHOICE_KEY("mode", "append (default), replace", "append", "replace"), TARGET_REST,
				   FILE_KEYS};

static const kind_group place_http_groups[] = {HTTP_GROUPS};

#define SOURCE_OF(kind) .name = (kind), .what = "a transfer's source of kind '" kind "'"
#define TARGET_OF(kind) .name = (kind), .what = "a transfer's target of kind '" kind "'"
#define SQL_SOURCE      NAMES("table", "query", "command", "commands", "script", "file")

static const tool_kind sources[] = {
    {SOURCE_OF("http"), KEYS(from_http), GROUPS(place_http_groups), .one_of = NAMES("url", "endpoint")},
    {SOURCE_OF("postgres"), KEYS(from_postgres), GROUPS(server_groups), .one_of = SQL_SOURCE, .auth = &postgres_auth},
    {SOURCE_OF("duckdb"), KEYS(from_duckdb), .one_of = SQL_SOURCE},
    {SOURCE_OF("snowflake"), KEYS(from_snowflake), GROUPS(snowflake_groups), .one_of = SQL_SOURCE,
     .auth = &snowflake_auth},
    {SOURCE_OF("file"), KEYS(from_file), .one_of = NAMES("path")},
};
static const tool_kind targets[] = {
    {TARGET_OF("http"), KEYS(to_http), GROUPS(place_http_groups), .one_of = NAMES("url", "endpoint")},
    {TARGET_OF("postgres"), KEYS(to_postgres), GROUPS(server_groups), .one_of = NAMES("table"), .auth = &postgres_auth},
    {TARGET_OF("duckdb"), KEYS(to_duckdb), .one_of = NAMES("table")},
    {TARGET_OF("snowflake"), KEYS(to_snowflake), GROUPS(snowflake_groups), .one_of = NAMES("table"),
     .auth = &snowflake_auth},
    {TARGET_OF("file"), KEYS(to_file), .one_of = NAMES("path")},
};
#define PLACE(side, text, table)                                                        \
	{                                                                               \
		.key = (side), .doc = (text), .shapes = SHAPE_MAP, .variants = (table), \
		.variant_count = sizeof(table) / sizeof *(table),                       \
		.such_as = "such as { kind: postgres, auth: …, table: … }"          \
	}

static const kind_key transfer_keys[] = {
    PLACE("source", "Where rows come from: kind and its keys", sources),
    PLACE("target", "Where rows go: kind and its keys", targets),
    CHOICE_KEY("mode", "append (default), replace, upsert", "append", "replace", "upsert"),
    {.key = "mapping",
     .doc = "Target column to source column; default: all, under their own names",
     .shapes = SHAPE_MAP,
     .such_as = "target column to source column, such as mapping: { full_name: name }"},
    COUNT_KEY("chunk_size", "Rows a chunk", 1, 1000000),
    {.key = "key",
     .doc = "Columns that identify a row, for upsert",
     .shapes = SHAPE_TEXT | SHAPE_LIST,
     .items = SHAPE_TEXT},
    {.key = "keys",
     .doc = "Columns that identify a row, for upsert",
     .shapes = SHAPE_TEXT | SHAPE_LIST,
     .items = SHAPE_TEXT},
    SECONDS_KEY("timeout", "Seconds"),
};
static const kind_group transfer_groups[] = {
    {.rule = GROUP_ONE_OF,
     .keys = NAMES("key", "keys", "target.key", "target.keys"),
     .when_key = "mode",
     .when_value = "upsert",
     .hint = "the columns that identify a row",
     .needed = "'key'"},
    {.rule = GROUP_REFUSES,
     .keys = NAMES("target.kind", "target.type"),
     .refused = NAMES("file", "http"),
     .when_key = "mode",
     .when_value = "upsert",
     .hint = "what is there cannot be looked at: a file takes append and replace, http takes append"},
    {.rule = GROUP_REFUSES,
     .keys = NAMES("target.kind", "target.type"),
     .refused = NAMES("http"),
     .when_key = "mode",
     .when_value = "replace",
     .hint = "requests that were sent stay sent: http takes append"},
};
const tool_kind kind_transfer = {.name = "transfer",
				 .doc = "Copies rows from one place to another",
				 KEYS(transfer_keys),
				 GROUPS(transfer_groups),
				 .required = NAMES("source", "target")};
