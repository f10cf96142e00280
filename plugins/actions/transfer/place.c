/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of places there are. */
#include "plugins/actions/transfer/job.h"

static const source_class *const sources[] = {&http_source, &postgres_source, &duckdb_source, &snowflake_source,
					      &file_source};
static const target_class *const targets[] = {&http_target, &postgres_target, &duckdb_target, &snowflake_target,
					      &file_target};

const source_class *source_find(tr_str kind)
{
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		if (tr_str_is(kind, sources[i]->kind))
			return sources[i];
	return NULL;
}

const target_class *target_find(tr_str kind)
{
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		if (tr_str_is(kind, targets[i]->kind))
			return targets[i];
	return NULL;
}

const char *source_kinds(void)
{
	return "http, postgres, duckdb, snowflake or file";
}

const char *target_kinds(void)
{
	return "http, postgres, duckdb, snowflake or file";
}
