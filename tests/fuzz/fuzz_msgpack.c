/* SPDX-License-Identifier: Apache-2.0 */
/* USES: value */
/* MessagePack: whatever is accepted is written and read back to an equal value; nothing is left behind. */
#include <stdlib.h>

#include <troupe/codec.h>
#include <troupe/testing.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tr_decode_error error;
	size_t used = 0;
	int64_t before = tr_test_live_blocks();
	tr_value v = tr_msgpack_read((tr_str){(const char *)data, size}, &used, NULL, &error);

	if (tr_is_valid(v)) {
		tr_buf out = {0};
		size_t length;
		if (used > size || tr_msgpack_write(&out, v) != TR_OK)
			abort();
		tr_value back = tr_msgpack_read(tr_buf_str(&out), &length, NULL, &error);
		if (length != out.n || !tr_equal(v, back) || tr_hash(v) != tr_hash(back))
			abort();
		tr_drop(back);
		tr_buf_clear(&out);
		tr_show(&out, v, 1000);
		tr_buf_clear(&out);
		tr_json_write(&out, v, TR_JSON_SORT_KEYS);
		tr_buf_fini(&out);
	} else if (error.err == TR_OK || error.offset > size) {
		abort();
	}
	tr_drop(v);
	if (tr_test_live_blocks() != before)
		abort();
	return 0;
}
