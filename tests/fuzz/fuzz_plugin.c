/* SPDX-License-Identifier: Apache-2.0 */
/* USES: plugin_host */
/* Shared objects: whatever the bytes are, reading ends and what it gives lies inside them. */
#include <stdlib.h>

#include "plugins/host/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tr_str bytes = {(const char *)data, size};
	elf_plugin found;
	char why[200] = "";

	if (elf_plugin_read(bytes, &found, why, sizeof why) != TR_OK) {
		if (why[0] == '\0')
			abort();
		return 0;
	}
	if (found.manifest.p < bytes.p || found.manifest.p + found.manifest.n > bytes.p + bytes.n)
		abort();
	return 0;
}
