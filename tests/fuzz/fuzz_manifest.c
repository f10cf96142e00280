/* SPDX-License-Identifier: Apache-2.0 */
/* USES: plugin_host */
/* Manifests: any text is taken or refused with faults; one that is taken can be applied. */
#include <stdlib.h>

#include "plugins/host/config.h"
#include "plugins/host/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const char *kind)
{
	(void)kind;
	(*(size_t *)arg)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	manifest m;
	tr_value faults;
	size_t tools = 0;
	tr_err err = manifest_read((tr_str){(const char *)data, size}, &m, &faults);

	if ((err == TR_OK) != (tr_array_len(faults) == 0))
		abort();
	if (err == TR_OK) {
		fault_list found;
		faults_init(&found);
		manifest_each_tool(&m, count, &tools);
		tr_drop(config_apply(m.config, m.source, "p", &found));
		tr_drop(found.list);
		manifest_fini(&m);
	}
	tr_drop(faults);
	return 0;
}
