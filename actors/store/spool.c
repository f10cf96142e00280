/* SPDX-License-Identifier: Apache-2.0 */
/* Two files: the bytes as they came, and their packed form, which is renamed to its place when its hash is known. */
#include "actors/store/spool.h"

#include "actors/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define SPOOL_MAX  (UINT64_C(1) << 30)
#define BLOCK      ((size_t)128 << 10)
#define HEAD_SIZE  5u
#define MARK_TEXT  0xdb /* str 32 */
#define MARK_BYTES 0xc6 /* bin 32 */

static tr_err failed(int *os_error)
{
	*os_error = errno;
	return TR_EIO;
}

/* ---- arriving ---- */

tr_err spool_open(spool *s, const char *data, uint64_t number, int *os_error)
{
	layout_path folder;

	*s = (spool){.fd = -1, .text = true};
	*os_error = 0;
	if (layout_join(folder, data, "spool") != TR_OK ||
	    layout_join(s->path, data, "spool/%ld-%" PRIu64, (long)getpid(), number) != TR_OK)
		return TR_ELIMIT;
	int err = disk_real.make_folder(disk_real.arg, folder);
	if (err != 0) {
		*os_error = -err;
		return TR_EIO;
	}
	s->fd = open(s->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return s->fd < 0 ? failed(os_error) : TR_OK;
}

/* RFC 3629: what may follow a first byte. False: it is none. */
static bool begins(spool *s, unsigned char c)
{
	s->low = 0x80;
	s->high = 0xbf;
	if (c < 0x80)
		return true;
	s->need = c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
	if (c == 0xe0)
		s->low = 0xa0;
	else if (c == 0xed)
		s->high = 0x9f;
	else if (c == 0xf0)
		s->low = 0x90;
	else if (c == 0xf4)
		s->high = 0x8f;
	return s->need > 0;
}

static bool goes_on(spool *s, unsigned char c)
{
	bool ok = c >= s->low && c <= s->high;

	s->need--;
	s->low = 0x80;
	s->high = 0xbf;
	return ok;
}

static void look(spool *s, tr_str bytes)
{
	for (size_t i = 0; i < bytes.n && s->text; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		s->text = s->need > 0 ? goes_on(s, c) : begins(s, c);
	}
}

tr_err spool_write(spool *s, tr_str bytes, int *os_error)
{
	*os_error = 0;
	if (bytes.n > SPOOL_MAX - s->size)
		return TR_ELIMIT;
	int err = disk_real.append(disk_real.arg, s->fd, bytes.p, bytes.n);
	if (err != 0) {
		*os_error = -err;
		return TR_EIO;
	}
	look(s, bytes);
	s->size += bytes.n;
	return TR_OK;
}

/* ---- into the store ---- */

typedef struct packing {
	crypto_hash_sha256_state hash;
	ZSTD_CCtx *zstd;
	int fd;
	char *in, *out; /* BLOCK each */
	int *os_error;
} packing;

/* The next bytes of the artifact; `last` ends the frame. */
static tr_err pack(packing *p, const char *bytes, size_t n, bool last)
{
	ZSTD_inBuffer in = {bytes, n, 0};
	size_t left = 1;

	(void)crypto_hash_sha256_update(&p->hash, (const unsigned char *)bytes, n);
	while (in.pos < in.size || (last && left > 0)) {
		ZSTD_outBuffer out = {p->out, BLOCK, 0};
		left = ZSTD_compressStream2(p->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return TR_ENOMEM;
		int err = disk_real.append(disk_real.arg, p->fd, p->out, out.pos);
		if (err != 0) {
			*p->os_error = -err;
			return TR_EIO;
		}
	}
	return TR_OK;
}

static tr_err pack_all(packing *p, const spool *s)
{
	uint32_t n = (uint32_t)s->size;
	bool text = s->text && s->need == 0;
	char head[HEAD_SIZE] = {(char)(text ? MARK_TEXT : MARK_BYTES), (char)(n >> 24), (char)(n >> 16), (char)(n >> 8),
				(char)n};
	uint64_t at = 0;
	tr_err err = pack(p, head, sizeof head, false);

	while (err == TR_OK && at < s->size) {
		ssize_t got = pread(s->fd, p->in, BLOCK, (off_t)at);
		if (got <= 0)
			return got < 0 ? failed(p->os_error) : TR_ECORRUPT;
		at += (uint64_t)got;
		err = pack(p, p->in, (size_t)got, at >= s->size);
	}
	return err == TR_OK && s->size == 0 ? pack(p, p->in, 0, true) : err;
}

static tr_err put_in_place(const char *data, const char *from, int fd, artifact_info *info, int *os_error)
{
	const char *key = info->key;
	layout_path folder, path;

	if (layout_join(folder, data, "artifacts/%.2s", key) != TR_OK ||
	    layout_join(path, data, "artifacts/%.2s/%s", key, key) != TR_OK)
		return TR_ELIMIT;
	int err = disk_real.make_folder(disk_real.arg, folder);
	info->known = access(path, R_OK) == 0;
	if (err == 0)
		err = disk_real.sync(disk_real.arg, fd);
	if (err == 0 && rename(from, path) != 0)
		err = -errno;
	*os_error = -err;
	if (err == 0)
		(void)disk_real.sync_folder(disk_real.arg, folder);
	return err == 0 ? TR_OK : TR_EIO;
}

static tr_err pack_into(packing *p, const spool *s, const char *beside, const char *data, artifact_info *info)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	tr_err err;

	p->fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_APPEND, 0600);
	if (p->fd < 0)
		return failed(p->os_error);
	(void)crypto_hash_sha256_init(&p->hash);
	(void)ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, 1);
	(void)ZSTD_CCtx_setPledgedSrcSize(p->zstd, s->size + HEAD_SIZE);
	err = pack_all(p, s);
	if (err == TR_OK) {
		(void)crypto_hash_sha256_final(&p->hash, sum);
		(void)sodium_bin2hex(info->key, ARTIFACT_KEY, sum, sizeof sum);
		info->size = (size_t)s->size + HEAD_SIZE;
		err = put_in_place(data, beside, p->fd, info, p->os_error);
	}
	close(p->fd);
	if (err != TR_OK)
		(void)unlink(beside);
	return err;
}

tr_err spool_store(spool *s, const char *data, artifact_info *info, int *os_error)
{
	packing p = {.zstd = ZSTD_createCCtx(), .in = tr_alloc(BLOCK), .out = tr_alloc(BLOCK), .os_error = os_error};
	char beside[PATH_MAX + 8];
	tr_err err = p.zstd == NULL || p.in == NULL || p.out == NULL ? TR_ENOMEM : TR_OK;

	*os_error = 0;
	(void)snprintf(beside, sizeof beside, "%s.new", s->path);
	if (err == TR_OK)
		err = pack_into(&p, s, beside, data, info);
	ZSTD_freeCCtx(p.zstd);
	tr_free(p.in);
	tr_free(p.out);
	return err;
}

/* ---- the end ---- */

void spool_end(spool *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	(void)unlink(s->path);
	s->fd = -1;
}

void spool_clear(const char *data)
{
	layout_path folder, path;
	DIR *dir = layout_join(folder, data, "spool") == TR_OK ? opendir(folder) : NULL;

	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.' && layout_join(path, data, "spool/%s", e->d_name) == TR_OK)
			(void)unlink(path);
	if (dir != NULL)
		closedir(dir);
}
