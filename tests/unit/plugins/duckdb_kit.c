/* SPDX-License-Identifier: Apache-2.0 */
/* DuckDB files as others see them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "duckdb_kit.h"
#include "plugins/shared/duckdb/api.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void duckdb_file_make(const char *path, const char *script)
{
	duck_api api;
	duckdb_database db = NULL;
	duckdb_connection c = NULL;
	tr_value why;

	assert_true(duck_api_open(&api, getenv("TROUPE_DUCKDB"), &why));
	duckdb_instance_cache cache = api.create_instance_cache();
	duckdb_config config = NULL;
	char *said = NULL;
	assert_int_equal(api.create_config(&config), DUCKDB_SUCCESS);
	assert_int_equal(api.get_or_create_from_cache(cache, path, &db, config, &said), DUCKDB_SUCCESS);
	assert_int_equal(api.connect(db, &c), DUCKDB_SUCCESS);
	duckdb_result r = {0};
	assert_int_equal(api.query(c, script, &r), DUCKDB_SUCCESS);
	api.destroy_result(&r);
	api.disconnect(&c);
	api.close(&db);
	api.destroy_config(&config);
	api.destroy_instance_cache(&cache);
}

bool duckdb_file_is_locked(const char *path)
{
	struct stat st;
	char line[256], inode[64];
	bool found = false;
	FILE *f = fopen("/proc/locks", "r");

	assert_non_null(f);
	if (stat(path, &st) == 0) {
		(void)snprintf(inode, sizeof inode, ":%llu ", (unsigned long long)st.st_ino);
		while (!found && fgets(line, sizeof line, f) != NULL)
			found = strstr(line, inode) != NULL;
	}
	assert_int_equal(fclose(f), 0);
	return found;
}
