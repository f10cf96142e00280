/* SPDX-License-Identifier: Apache-2.0 */
/* USES: plugin_tiers */
/* Answers of child interpreters: any bytes are read or refused; what was read is written and read again the same. */
#include <stdlib.h>

#include "plugins/actions/python/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[200];
	tr_buf out = {0};
	tr_value v = python_read((tr_str){(const char *)data, size}, why, sizeof why);

	if (!tr_is_valid(v))
		return 0;
	if (python_write(&out, v) == TR_OK) {
		tr_value again = python_read(tr_buf_str(&out), why, sizeof why);
		if (!tr_equal(v, again))
			abort();
		tr_drop(again);
	}
	tr_buf_fini(&out);
	tr_drop(v);
	return 0;
}
