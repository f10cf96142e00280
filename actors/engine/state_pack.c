/* SPDX-License-Identifier: Apache-2.0 */
/* States to zstd frames, and back. */
#include "actors/engine/state_pack.h"

#include <zstd.h>

/* States are the same keys over and over: more effort gains little. */
#define LEVEL  1
#define WINDOW 17    /* bits: memory that is written for the first time costs more than what a longer one gains */
#define ROOM   16384 /* for what comes out in one turn */

struct packing {
	ZSTD_CCtx *c;
	tr_buf *out;
	size_t bytes;
};

/* All of the input goes in; at the end all that is held back comes out. */
static tr_err squeeze(struct packing *p, tr_str bytes, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = {bytes.p, bytes.n, 0};
	size_t left = 1;

	while (in.pos < in.size || (how == ZSTD_e_end && left > 0)) {
		char *at = tr_buf_reserve(p->out, ROOM);

		if (at == NULL)
			return p->out->err;
		ZSTD_outBuffer to = {at, ROOM, 0};
		left = ZSTD_compressStream2(p->c, &to, &in, how);
		if (ZSTD_isError(left))
			return TR_ENOMEM;
		p->out->n += to.pos;
	}
	return TR_OK;
}

static tr_err take(void *arg, tr_str bytes)
{
	struct packing *p = arg;

	p->bytes += bytes.n;
	return squeeze(p, bytes, ZSTD_e_continue);
}

tr_err state_pack(const machine *m, tr_buf *out, size_t *bytes)
{
	struct packing p = {.c = ZSTD_createCCtx(), .out = out};
	tr_err err = p.c == NULL ? TR_ENOMEM : TR_OK;

	if (err == TR_OK) {
		(void)ZSTD_CCtx_setParameter(p.c, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(p.c, ZSTD_c_windowLog, WINDOW);
		err = machine_write(m, take, &p);
	}
	if (err == TR_OK)
		err = squeeze(&p, (tr_str){"", 0}, ZSTD_e_end);
	(void)ZSTD_freeCCtx(p.c);
	*bytes = p.bytes;
	return err;
}

tr_err state_unpack(tr_str packed, size_t bytes, tr_buf *out)
{
	char *at = bytes > 0 && bytes <= MACHINE_STATE_MAX ? tr_buf_reserve(out, bytes) : NULL;
	size_t n;

	if (at == NULL)
		return out->err != TR_OK ? out->err : TR_ECORRUPT;
	n = ZSTD_decompress(at, bytes, packed.p, packed.n);
	if (ZSTD_isError(n) || n != bytes)
		return TR_ECORRUPT;
	out->n += n;
	return TR_OK;
}

machine *state_restore(routes *r, int64_t execution_id, tr_str packed, size_t bytes)
{
	tr_buf state = {0};
	machine *m =
	    state_unpack(packed, bytes, &state) == TR_OK ? machine_restore(r, execution_id, tr_buf_str(&state)) : NULL;

	tr_buf_fini(&state);
	return m;
}
