/* SPDX-License-Identifier: Apache-2.0 */
/* USES: value */
/* JSON: whatever is accepted is written and read back to an equal value; nothing is left behind. */
#include <stdlib.h>

#include <troupe/codec.h>
#include <troupe/testing.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const tr_decode_limits limits = {.max_depth = 200, .max_items = 100000};
	tr_decode_error error;
	int64_t before = tr_test_live_blocks();
	tr_value v = tr_json_read((tr_str){(const char *)data, size}, &limits, &error);

	if (tr_is_valid(v)) {
		for (unsigned flags = 0; flags < 8; flags++) {
			tr_value text = tr_json_string(v, flags);
			tr_value back = tr_json_read(tr_as_str(text), &limits, &error);
			if (!tr_equal(v, back) || tr_compare(v, back) != 0 || tr_hash(v) != tr_hash(back))
				abort();
			tr_drop(text);
			tr_drop(back);
		}
	} else if (error.err == TR_OK || error.offset > size) {
		abort();
	}
	tr_drop(v);
	if (tr_test_live_blocks() != before)
		abort();
	return 0;
}
