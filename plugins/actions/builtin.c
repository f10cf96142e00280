/* SPDX-License-Identifier: Apache-2.0 */
/* The table of built-in plugins. All are trusted with what they need but the shell, which needs the operator's grant.
 */
#include "plugins/actions/builtin.h"
#include "plugins/actions/artifact/artifact.h"
#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/actions/http/http.h"
#include "plugins/actions/nats/nats.h"
#include "plugins/actions/noop/noop.h"
#include "plugins/actions/postgres/postgres.h"
#include "plugins/actions/python/python.h"
#include "plugins/actions/secrets/secrets.h"
#include "plugins/actions/shell/shell.h"
#include "plugins/actions/snowflake/snowflake.h"
#include "plugins/actions/transfer/transfer.h"
#include "plugins/controller/iterator/iterator.h"
#include "plugins/controller/playbook/playbook.h"
#include "plugins/controller/result/result.h"
#include "plugins/controller/workbook/workbook.h"
#include "plugins/shared/auth/credentials.h"
#include "plugins/shared/storage/storage.h"

static const builtin all[] = {
    {credentials_manifest, &credentials_plugin, true},
    {noop_manifest, &noop_plugin, true},
    {artifact_manifest, &artifact_plugin, true},
    {http_manifest, &http_plugin, true},
    {postgres_manifest, &postgres_plugin, true},
    {nats_manifest, &nats_plugin, true},
    {duckdb_manifest, &duckdb_plugin, true},
    {snowflake_manifest, &snowflake_plugin, true},
    {python_manifest, &python_plugin, true},
    {secrets_manifest, &secrets_plugin, true},
    {storage_manifest, &storage_plugin, true},
    {playbook_manifest, &playbook_plugin, true},
    {iterator_manifest, &iterator_plugin, true},
    {result_manifest, &result_plugin, true},
    {workbook_manifest, &workbook_plugin, true},
    {transfer_manifest, &transfer_plugin, true},
    {shell_manifest, &shell_plugin, false},
};

const builtin *plugins_builtin(size_t *n)
{
	*n = sizeof(all) / sizeof(all[0]);
	return all;
}
