/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guard takes for texts and comments, beside what DuckDB does: of random statements DuckDB itself says, by
 * json_serialize_sql, which functions they call, and what they call that may not be called is never let through.
 * GUARD_SEED replays a seed, GUARD_STATEMENTS says how many statements.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/shared/duckdb/code.h"
#include "plugins/shared/duckdb/guard.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED 77

static bool passes(const char *sql)
{
	tr_value fault = duck_guard_sql(tr_s(sql), 1);
	bool is = !tr_is_valid(fault);

	tr_drop(fault);
	return is;
}

static void names_in_texts_and_comments_pass(void **state)
{
	static const char *const good[] = {
	    "select 'call enable_logging()' as how",
	    "select 'it''s enable_logging' -- enable_profiling\n, /* /* query( */ import_database */ 1",
	    "select * from logs where text like '%enable_logging%' and n = $1",
	    "with a as (select $$enable_logging's$$ as b, $t$ $$ arrow_scan $t$ as c) from a; -- query(",
	    "insert into t values ('C:\\enable_logging', \"a\")",
	    "-- enable_logging\r\nupdate t set a = 'query(''x'')' where b = $name",
	    "DELETE from t where a = 'žluť enable_logging'",
	    "values ('enable_logging')",
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!passes(good[i]))
			fail_msg("refused: %s", good[i]);
}

static void names_in_code_do_not(void **state)
{
	static const char *const bad[] = {
	    "select '' || enable_logging()",
	    "select 'a\\', enable_logging() --'",
	    "select 'a''' , enable_logging()",
	    "select \"a'\", enable_logging() as \"'\"",
	    "from \"enable_logging\"()",
	    "from query--\r('select 1')",
	    "from query /* ( */ ('select 1')",
	    "from query\xc2\xa0('select 1')",
	    "from \"query\"('select 1')",
	    "select E'a\\', enable_logging() --'",
	    "select E'a'\n'\\', enable_logging() --'",
	    "select $a$ $b$, $a$, enable_logging() --$b$",
	    "select 1 as a$$, enable_logging() as b$$",
	    "select 1 -- '\r, enable_logging() --'",
	    "select /* /* ' */ */ enable_logging() --'",
	    /* DuckDB may make SQL of these texts. */
	    "pragma show('enable_logging')",
	    "call pragma_show('enable_logging')",
	    "select 1; pragma show('enable_logging')",
	    "create view v as select 'enable_logging'",
	    "import database 'x'",
	    "/* */ import database 'x'",
	    "(select 'enable_logging')",
	    /* Not closed. */
	    "select 'enable_logging",
	    "select 1 /* enable_logging",
	    "select $$ enable_logging",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (passes(bad[i]))
			fail_msg("let through: %s", bad[i]);
}

static void code_is_what_is_left(void **state)
{
	static const struct {
		const char *sql, *code; /* NULL: all of it may be code */
	} cases[] = {
	    {"a 'b' c", "a '' c"},
	    {"'it''s'", "''"},
	    {"a--b\nc--d\re", "a c e"},
	    {"a/*b/*c*/d*/e", "a e"},
	    {"\"a''b\"\"--\"'x'", "\"a''b\"\"--\"''"},
	    {"$$a'$$ $x$ $$ $x$ $1 $ab", "'' '' $1 $ab"},
	    {"1+-'a'", "1+-''"},
	    {"E'a'", NULL},
	    {"x'a'", NULL},
	    {"1'a'", NULL},
	    {"u&'a'", NULL},
	    {"U&\"a\"", NULL},
	    {"\xc5\xbe'a'", NULL},
	    {"a$$b$$", NULL},
	    {"$1$$a$$", NULL},
	    {"$ 1", NULL},
	    {"$\xc5\xbe$a$\xc5\xbe$", NULL},
	    {"a\\b", NULL},
	    {"'a", NULL},
	    {"\"a", NULL},
	    {"/*a", NULL},
	    {"/* /* */", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		tr_buf out = {0};
		bool sure = duck_code(tr_s(cases[i].sql), &out);
		assert_int_equal(sure, cases[i].code != NULL);
		if (sure)
			assert_string_equal(out.p, cases[i].code);
		tr_buf_fini(&out);
	}
}

/* ---- beside DuckDB ---- */

static uint64_t draw(uint64_t *seed, uint64_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % n;
}

static void put_one_of(tr_buf *out, uint64_t *seed, const char *const *pieces, size_t n)
{
	tr_buf_puts(out, pieces[draw(seed, n)]);
}

#define PUT(out, seed, pieces) put_one_of(out, seed, pieces, sizeof pieces / sizeof *pieces)

/* What confuses readers of SQL. */
static const char *const odd[] = {"'",
				  "''",
				  "\"",
				  "\\",
				  "--",
				  "\n",
				  "\r",
				  "/*",
				  "*/",
				  "$",
				  "$$",
				  "$a$",
				  "E'",
				  "x'",
				  "U&'",
				  "n'",
				  "enable_logging()",
				  ", ",
				  "1",
				  "a",
				  "\xc2\xa0",
				  "\xe2\x80\x83",
				  "\xc5\xbe",
				  "(",
				  ")",
				  "query ",
				  "('x')",
				  "/",
				  "-",
				  "*",
				  "+",
				  "::int",
				  "\"b\"",
				  " as ",
				  ";",
				  "$1",
				  "'c'",
				  "#",
				  "\t",
				  "\v",
				  "$b$",
				  "/**/",
				  "&",
				  "'\n'",
				  "enable_logging ()",
				  "\\'",
				  "', enable_logging(), '",
				  "\\'', enable_logging(), '",
				  "\\'', enable_logging(), 'a",
				  "$a$, enable_logging(), $a$"};
static const char *const calls[] = {"enable_logging()", "\"enable_logging\" ()", "enable_logging/* ' */()",
				    "Enable_Logging--'\r()", "1"};
static const char *const opens[] = {"'", "'", "$$", "$_b1$", "E'", "e'", "$a$", "x'", "\"", "n'"}; /* four plain ones */
static const char *const gaps[] = {" ",        "\n", "\r",      " -- ' $$ \n", "--\r", "/* ' */", "/* /* $$ */ ' */",
				   " /*/ */ ", "\t", "\xc2\xa0"};

static void put_text(tr_buf *out, uint64_t *seed, bool plain)
{
	const char *open = opens[draw(seed, plain ? 4 : sizeof opens / sizeof *opens)];
	size_t n = draw(seed, 5);

	tr_buf_puts(out, open);
	for (size_t i = 0; i < n; i++)
		if (draw(seed, 3) == 0)
			PUT(out, seed, calls);
		else
			PUT(out, seed, odd);
	tr_buf_puts(out, open[0] == '$' ? open : open[strlen(open) - 1] == '"' ? "\"" : "'");
}

/* Most of the one half are statements that DuckDB understands; of the other, some. */
static void put_statement(tr_buf *out, uint64_t *seed)
{
	size_t n = 1 + draw(seed, 6);
	bool orderly = draw(seed, 3) > 0, plain = draw(seed, 2) > 0;

	tr_buf_puts(out, draw(seed, 8) == 0 ? "from query/**/('select 1') select " : "select ");
	for (size_t i = 0; i < n; i++) {
		if (!orderly) {
			PUT(out, seed, odd);
			PUT(out, seed, odd);
			continue;
		}
		tr_buf_puts(out, i == 0 ? "" : ",");
		PUT(out, seed, gaps);
		if (draw(seed, plain ? 12 : 6) > 0)
			put_text(out, seed, plain);
		else
			PUT(out, seed, calls);
		PUT(out, seed, gaps);
	}
}

typedef struct beside {
	duck_api api;
	duckdb_instance_cache cache;
	duckdb_database db;
	duckdb_connection connection;
	duckdb_prepared_statement reader;
} beside;

static void beside_open(beside *b)
{
	duckdb_config config = NULL;
	tr_value why;
	char *said = NULL;

	assert_true(duck_api_open(&b->api, getenv("TROUPE_DUCKDB"), &why));
	b->cache = b->api.create_instance_cache();
	assert_int_equal(b->api.create_config(&config), DUCKDB_SUCCESS);
	assert_int_equal(b->api.get_or_create_from_cache(b->cache, ":memory:", &b->db, config, &said), DUCKDB_SUCCESS);
	b->api.destroy_config(&config);
	assert_int_equal(b->api.connect(b->db, &b->connection), DUCKDB_SUCCESS);
	assert_int_equal(b->api.prepare(b->connection, "select json_serialize_sql(?::varchar)", &b->reader),
			 DUCKDB_SUCCESS);
}

static void beside_close(beside *b)
{
	b->api.destroy_prepare(&b->reader);
	b->api.disconnect(&b->connection);
	b->api.close(&b->db);
	b->api.destroy_instance_cache(&b->cache);
}

/* What DuckDB reads, in out; empty when it reads nothing. */
static void read_statement(beside *b, tr_str sql, tr_buf *out)
{
	duckdb_pending_result pending = NULL;
	duckdb_result r = {0};
	duckdb_value v = b->api.create_varchar_length(sql.p, sql.n);

	tr_buf_clear(out);
	assert_int_equal(b->api.bind_value(b->reader, 1, v), DUCKDB_SUCCESS);
	b->api.destroy_value(&v);
	assert_int_equal(b->api.pending_prepared_streaming(b->reader, &pending), DUCKDB_SUCCESS);
	if (b->api.execute_pending(pending, &r) == DUCKDB_SUCCESS) {
		duckdb_data_chunk chunk = b->api.fetch_chunk(r);
		if (chunk != NULL) {
			const duckdb_string_t *s = b->api.vector_get_data(b->api.data_chunk_get_vector(chunk, 0));
			tr_buf_put(out, s->length <= 12 ? s->start : s->as.p, s->length);
			b->api.destroy_data_chunk(&chunk);
		}
	}
	tr_buf_putc(out, '\0');
	b->api.destroy_result(&r);
	b->api.destroy_pending(&pending);
}

typedef struct tally {
	size_t read, calling, hidden; /* DuckDB understands it; it calls what may not be called; a name passes */
} tally;

static void compare(beside *b, tr_buf *sql, tr_buf *said, uint64_t seed, tally *t)
{
	bool passed = passes(sql->p);

	read_statement(b, tr_buf_str(sql), said);
	bool read = strstr(said->p, "\"error\":false") != NULL;
	bool called = read && (strcasestr(said->p, "\"function_name\":\"enable_logging\"") != NULL ||
			       strcasestr(said->p, "\"function_name\":\"query\"") != NULL);
	if (passed && called)
		fail_msg("GUARD_SEED=%llu: let through: %s", (unsigned long long)seed, sql->p);
	t->read += read;
	t->calling += called;
	t->hidden += read && passed && strcasestr(sql->p, "enable_logging") != NULL;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void nothing_that_duckdb_calls_is_let_through(void **state)
{
	uint64_t seed = number("GUARD_SEED", (uint64_t)time(NULL) << 20 | 1), n = number("GUARD_STATEMENTS", 4000);
	beside b = {0};
	tr_buf sql = {0}, said = {0};
	tally t = {0};

	(void)state;
	beside_open(&b);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t first = seed;
		tr_buf_clear(&sql);
		put_statement(&sql, &seed);
		tr_buf_putc(&sql, '\0');
		sql.n--;
		compare(&b, &sql, &said, first, &t);
	}
	print_message("%llu statements, %zu that DuckDB reads, %zu that call, %zu with a name that pass\n",
		      (unsigned long long)n, t.read, t.calling, t.hidden);
	if (getenv("GUARD_SEED") == NULL) {
		assert_true(t.calling > n / 50);
		assert_true(t.hidden > n / 100);
	}
	beside_close(&b);
	tr_buf_fini(&sql);
	tr_buf_fini(&said);
}

int main(void)
{
	const struct CMUnitTest pure[] = {
	    cmocka_unit_test(names_in_texts_and_comments_pass),
	    cmocka_unit_test(names_in_code_do_not),
	    cmocka_unit_test(code_is_what_is_left),
	};
	const struct CMUnitTest real[] = {cmocka_unit_test(nothing_that_duckdb_calls_is_let_through)};
	const char *library = getenv("TROUPE_DUCKDB");
	int failed = cmocka_run_group_tests_name("duckdb.guard", pure, NULL, NULL);

	if (library != NULL && access(library, R_OK) == 0)
		return failed + cmocka_run_group_tests_name("duckdb.guard beside DuckDB", real, NULL, NULL);
	fprintf(stderr, "skipped: DuckDB's library is not at %s; `make duckdb` fetches it with npm\n",
		library == NULL ? "$TROUPE_DUCKDB" : library);
	return failed > 0 ? failed : SKIPPED;
}
