/* SPDX-License-Identifier: Apache-2.0 */
/* Artifact files. */
#include "actors/store/artifact_file.h"

#include "actors/store/disk.h"
#include "actors/store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/codec.h>
#include <unistd.h>
#include <zstd.h>

/* A larger artifact would have to be streamed; values come from one message. */
#define ARTIFACT_MAX (1024u * 1024u * 1024u)

static void key_of(tr_str bytes, char key[ARTIFACT_KEY])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	(void)crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.n);
	(void)sodium_bin2hex(key, ARTIFACT_KEY, hash, sizeof hash);
}

static bool key_ok(tr_str key)
{
	if (key.n != ARTIFACT_KEY - 1)
		return false;
	for (size_t i = 0; i < key.n; i++)
		if (!((key.p[i] >= '0' && key.p[i] <= '9') || (key.p[i] >= 'a' && key.p[i] <= 'f')))
			return false;
	return true;
}

static tr_err compress(tr_str bytes, tr_buf *out)
{
	char *at = tr_buf_reserve(out, ZSTD_compressBound(bytes.n));
	if (at == NULL)
		return out->err;
	size_t n = ZSTD_compress(at, ZSTD_compressBound(bytes.n), bytes.p, bytes.n, 1);
	if (ZSTD_isError(n))
		return TR_ENOMEM;
	out->n = n;
	return TR_OK;
}

/* In the spool first, then renamed: a name always means a whole file, and what a crash leaves is where the next owner
 * clears it away. */
static tr_err write_beside(const char *data, const char *key, const char *path, tr_str bytes, int *os_error)
{
	layout_path beside, spool;
	if (layout_join(beside, data, "spool/%s.%ld.new", key, (long)getpid()) != TR_OK ||
	    layout_join(spool, data, "spool") != TR_OK)
		return TR_ELIMIT;
	int err = disk_replace(&disk_real, path, beside, bytes);
	if (err == -ENOENT) {
		err = disk_real.make_folder(disk_real.arg, spool);
		if (err == 0)
			err = disk_replace(&disk_real, path, beside, bytes);
	}
	*os_error = -err;
	return err == 0 ? TR_OK : TR_EIO;
}

static tr_err place(const char *data, tr_str packed, artifact_info *info, int *os_error)
{
	const char *key = info->key;
	layout_path folder;
	layout_path path;
	if (layout_join(folder, data, "artifacts/%.2s", key) != TR_OK ||
	    layout_join(path, data, "artifacts/%.2s/%s", key, key) != TR_OK)
		return TR_ELIMIT;
	info->known = access(path, R_OK) == 0;
	if (info->known)
		return TR_OK;
	int err = disk_real.make_folder(disk_real.arg, folder);
	if (err != 0) {
		*os_error = -err;
		return TR_EIO;
	}
	tr_err result = write_beside(data, key, path, packed, os_error);
	if (result == TR_OK)
		(void)disk_real.sync_folder(disk_real.arg, folder);
	return result;
}

tr_err artifact_write(const char *data, tr_value value, artifact_info *info, int *os_error)
{
	tr_buf bytes = {.max = ARTIFACT_MAX};
	tr_buf packed = {0};
	*os_error = 0;
	tr_err err = tr_msgpack_write(&bytes, value);
	if (err == TR_OK)
		err = bytes.err;
	if (err == TR_OK) {
		info->size = bytes.n;
		key_of(tr_buf_str(&bytes), info->key);
		err = compress(tr_buf_str(&bytes), &packed);
	}
	if (err == TR_OK)
		err = place(data, tr_buf_str(&packed), info, os_error);
	tr_buf_fini(&bytes);
	tr_buf_fini(&packed);
	return err;
}

static tr_value unpack(tr_str packed, tr_str key)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.p, packed.n);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > ARTIFACT_MAX)
		return tr_invalid(TR_ECORRUPT);
	tr_buf bytes = {0};
	char *at = tr_buf_reserve(&bytes, (size_t)size + 1);
	if (at == NULL)
		return tr_invalid(TR_ENOMEM);
	size_t n = ZSTD_decompress(at, (size_t)size, packed.p, packed.n);
	tr_value value = tr_invalid(TR_ECORRUPT);
	if (!ZSTD_isError(n) && n == size) {
		char found[ARTIFACT_KEY];
		bytes.n = n;
		key_of(tr_buf_str(&bytes), found);
		if (tr_str_is(key, found)) {
			tr_decode_limits limits = {.max_bytes = ARTIFACT_MAX, .max_items = 256u * 1024u * 1024u};
			value = tr_msgpack_read(tr_buf_str(&bytes), NULL, &limits, NULL);
		}
	}
	tr_buf_fini(&bytes);
	return value;
}

tr_value artifact_read(const char *data, tr_str key)
{
	layout_path path;
	if (!key_ok(key))
		return tr_invalid(TR_EINVAL);
	if (layout_join(path, data, "artifacts/%.2s/%.64s", key.p, key.p) != TR_OK)
		return tr_invalid(TR_ELIMIT);
	tr_buf packed = {0};
	tr_err err = disk_read_file(path, &packed);
	tr_value value = err == TR_OK ? unpack(tr_buf_str(&packed), key) : tr_invalid(err);
	tr_buf_fini(&packed);
	return value;
}
