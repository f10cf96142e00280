/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by Python's order: stable, and its comparisons may fail in the middle. Keys that are all text or all
 * integers are compared by a number each, which settles most comparisons without looking at the values. */
#include <string.h>

#include "playbook/template/eval.h"

struct place {
	uint64_t rank; /* in the order of the keys, as far as it tells them apart */
	size_t at;
};

enum ranking {
	RANK_NONE,
	RANK_INT,
	RANK_TEXT
};

struct sorting {
	struct eval *ev;
	const tr_value *keys;
	enum ranking ranking;
	struct sort_how how;
};

static enum ranking ranking_of(const tr_value *keys, size_t n)
{
	uint32_t type = n > 0 ? keys[0].type : (uint32_t)TR_NIL;

	if (type != (uint32_t)TR_INT && type != (uint32_t)TR_STRING)
		return RANK_NONE;
	for (size_t i = 1; i < n; i++)
		if (keys[i].type != type)
			return RANK_NONE;
	return type == (uint32_t)TR_INT ? RANK_INT : RANK_TEXT;
}

static uint64_t text_rank(tr_str s)
{
	uint64_t r = 0;
	uint32_t head, tail;

	if (s.n >= 8) {
		memcpy(&r, s.p, 8);
		return __builtin_bswap64(r);
	}
	if (s.n >= 4) {
		memcpy(&head, s.p, 4);
		memcpy(&tail, s.p + s.n - 4, 4);
		r = (uint64_t)__builtin_bswap32(tail) << 8 * (8 - s.n) & UINT32_MAX;
		return (uint64_t)__builtin_bswap32(head) << 32 | r;
	}
	for (size_t i = 0; i < s.n; i++)
		r |= (uint64_t)(unsigned char)s.p[i] << (56 - 8 * i);
	return r;
}

static uint64_t rank(enum ranking ranking, tr_value key)
{
	if (ranking == RANK_INT)
		return (uint64_t)key.as.i ^ ((uint64_t)1 << 63);
	return ranking == RANK_TEXT ? text_rank(view_text(key)) : 0;
}

static bool text_before(tr_value a, tr_value b)
{
	tr_str x = view_text(a), y = view_text(b);
	int c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return c != 0 ? c < 0 : x.n < y.n;
}

/* [a] < [b]: what is equal needs no order. */
static bool list_before(struct eval *ev, tr_value a, tr_value b, bool *out)
{
	bool same = false;

	*out = false;
	return ev_equal(ev, a, b, &same) && (same || ev_order(ev, I_LT, a, b, out));
}

/* The same for two that their ranks do not tell apart. */
static bool tied(struct sorting *s, size_t a, size_t b, bool *out)
{
	size_t low = s->how.reverse ? a : b, high = s->how.reverse ? b : a;

	if (s->ranking == RANK_NONE)
		return s->how.as_lists ? list_before(s->ev, s->keys[low], s->keys[high], out)
				       : ev_order(s->ev, I_LT, s->keys[low], s->keys[high], out);
	*out = s->ranking == RANK_TEXT && s->keys[low].as.box != s->keys[high].as.box &&
	       text_before(s->keys[low], s->keys[high]);
	return true;
}

/* Must b stand before a, which stands before it now? */
static inline bool swaps(struct sorting *s, const struct place *a, const struct place *b, bool *out)
{
	if (a->rank == b->rank)
		return tied(s, a->at, b->at, out);
	*out = b->rank < a->rank;
	return true;
}

static bool insert_all(struct sorting *s, struct place *places, size_t n)
{
	bool swap = false;

	for (size_t i = 1; i < n; i++) {
		struct place one = places[i];
		size_t k = i;
		for (; k > 0; k--) {
			if (!swaps(s, &places[k - 1], &one, &swap))
				return false;
			if (!swap)
				break;
			places[k] = places[k - 1];
		}
		places[k] = one;
	}
	return true;
}

#define RUN 8

static bool merge_sort(struct sorting *s, struct place *places, struct place *scratch, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;
	bool swap = false;

	if (n <= RUN)
		return insert_all(s, places, n);
	if (!merge_sort(s, places, scratch, half) || !merge_sort(s, places + half, scratch, n - half))
		return false;
	if (!ev_spend(s->ev, s->ranking == RANK_NONE ? n : n / 8))
		return false;
	memcpy(scratch, places, half * sizeof(*scratch));
	while (i < half && j < n) {
		if (!swaps(s, &scratch[i], &places[j], &swap))
			return false;
		places[k++] = swap ? places[j++] : scratch[i++];
	}
	memcpy(places + k, scratch + i, (half - i) * sizeof(*places));
	return true;
}

/* Whole numbers in a small range: place by their lowest byte, then by the next, as many as there are. */
static void sort_bytes(struct place *places, struct place *scratch, size_t n, uint64_t low, unsigned bytes)
{
	for (unsigned shift = 0; shift < 8 * bytes; shift += 8) {
		size_t starts[257] = {0};
		for (size_t i = 0; i < n; i++)
			starts[1 + ((places[i].rank - low) >> shift & 255)]++;
		for (size_t b = 1; b < 256; b++)
			starts[b] += starts[b - 1];
		for (size_t i = 0; i < n; i++)
			scratch[starts[(places[i].rank - low) >> shift & 255]++] = places[i];
		memcpy(places, scratch, n * sizeof(*places));
	}
}

#define SMALL 24 /* fewer than so many are merged faster */

/* False: not this way. */
static bool sort_ints(const struct sorting *s, struct place *places, struct place *scratch, size_t n)
{
	uint64_t low = UINT64_MAX, high = 0;

	if (s->ranking != RANK_INT || n < SMALL)
		return false;
	for (size_t i = 0; i < n; i++) {
		low = places[i].rank < low ? places[i].rank : low;
		high = places[i].rank > high ? places[i].rank : high;
	}
	unsigned bytes = high == low ? 0 : (unsigned)(64 - __builtin_clzll(high - low) + 7) / 8;
	if (bytes > 2 && (bytes > 4 || n < 1024))
		return false;
	sort_bytes(places, scratch, n, low, bytes);
	return true;
}

bool ev_sort(struct eval *ev, const tr_value *keys, size_t n, struct sort_how how, size_t *order)
{
	struct sorting s = {.ev = ev, .keys = keys, .ranking = ranking_of(keys, n), .how = how};
	struct place *places = n < SIZE_MAX / 64 ? tr_realloc(NULL, (n + 1) * 2 * sizeof(*places)) : NULL;

	if (places == NULL) {
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t r = rank(s.ranking, keys[i]);
		places[i] = (struct place){how.reverse ? ~r : r, i};
	}
	bool ok = sort_ints(&s, places, places + n + 1, n) || merge_sort(&s, places, places + n + 1, n);
	for (size_t i = 0; i < n; i++)
		order[i] = places[i].at;
	tr_free(places);
	return ok;
}
