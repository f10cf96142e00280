/* SPDX-License-Identifier: Apache-2.0 */
/* USES: plugin_tiers */
/* Any bytes as SQL: they are read to their end, and where the careful reader is sure, the other one agrees on what is
 * text and comment. */
#include <stdlib.h>
#include <string.h>

#include "plugins/shared/duckdb/code.h"
#include "plugins/shared/sql/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_units(tr_str sql, tr_buf *out)
{
	for (size_t at = 0, from = 0;; from = at) {
		sql_unit unit = sql_next(sql, &at);
		if (unit == SQL_END)
			return;
		if (at <= from || at > sql.n)
			abort();
		if (unit == SQL_COMMENT)
			tr_buf_putc(out, ' ');
		else if (unit == SQL_TEXT && sql.p[from] != '"')
			tr_buf_puts(out, "''");
		else
			tr_buf_put(out, sql.p + from, at - from);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tr_str sql = {(const char *)data, size};
	tr_buf code = {0}, units = {0};

	put_units(sql, &units);
	if (duck_code(sql, &code) && (code.n != units.n || (code.n > 0 && memcmp(code.p, units.p, code.n) != 0)))
		abort();
	tr_buf_fini(&code);
	tr_buf_fini(&units);
	return 0;
}
