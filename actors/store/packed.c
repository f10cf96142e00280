/* SPDX-License-Identifier: Apache-2.0 */
/* Packed logs: a zstd frame with its checksum, in blocks small enough that damage costs little of what is before it. */
#include "actors/store/packed.h"

#include "actors/store/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define LEVEL    3
#define LOG_MAX  ((size_t)8 << 30) /* a log that would be larger when unpacked is refused as damaged */
#define STEP_MAX ((size_t)1 << 20)

static tr_err compress(tr_str log, tr_buf *out)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	char *at = tr_buf_reserve(out, ZSTD_compressBound(log.n));
	tr_err err = c == NULL || at == NULL ? TR_ENOMEM : TR_OK;
	if (err == TR_OK) {
		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
		size_t n = ZSTD_compress2(c, at, ZSTD_compressBound(log.n), log.p, log.n);
		if (ZSTD_isError(n))
			err = TR_ENOMEM;
		else
			out->n += n;
	}
	(void)ZSTD_freeCCtx(c);
	return err;
}

int packed_write(const disk *d, const char *path, tr_str log)
{
	tr_buf packed = {0};
	int err = compress(log, &packed) == TR_OK ? disk_replace(d, path, NULL, tr_buf_str(&packed)) : -ENOMEM;
	tr_buf_fini(&packed);
	return err;
}

static tr_err decompress(tr_str packed, tr_buf *out)
{
	ZSTD_DCtx *c = ZSTD_createDCtx();
	ZSTD_inBuffer in = {packed.p, packed.n, 0};
	tr_err err = c == NULL ? TR_ENOMEM : TR_OK;
	size_t left = 1;
	while (err == TR_OK && left != 0) {
		char *at = tr_buf_reserve(out, STEP_MAX);
		if (at == NULL) {
			err = out->err;
			break;
		}
		ZSTD_outBuffer to = {at, STEP_MAX, 0};
		left = ZSTD_decompressStream(c, &to, &in);
		out->n += to.pos;
		if (ZSTD_isError(left) || (left != 0 && to.pos == 0 && in.pos == in.size) || out->n > LOG_MAX)
			err = TR_ECORRUPT;
	}
	if (err == TR_OK && in.pos != in.size)
		err = TR_ECORRUPT;
	(void)ZSTD_freeDCtx(c);
	return err;
}

tr_err packed_read(const char *path, tr_buf *out)
{
	tr_buf packed = {0};
	tr_err err = disk_read_file(path, &packed);
	if (err == TR_OK)
		err = decompress(tr_buf_str(&packed), out);
	tr_buf_fini(&packed);
	return err;
}
