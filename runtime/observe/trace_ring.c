/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded ring of trace events. */
#include "runtime/observe/trace_ring.h"

#define MASK (TRACE_RING_SIZE - 1)

void trace_ring_init(struct trace_ring *ring)
{
	atomic_init(&ring->head, 0);
	ring->tail = 0;
	for (uint32_t i = 0; i < TRACE_RING_SIZE; i++)
		atomic_init(&ring->cells[i].turn, i);
}

bool trace_ring_put(struct trace_ring *ring, const struct trace_event *event)
{
	uint32_t ticket = atomic_load_explicit(&ring->head, memory_order_relaxed);

	for (;;) {
		struct trace_cell *cell = &ring->cells[ticket & MASK];
		uint32_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
		if (turn == ticket) {
			if (atomic_compare_exchange_weak_explicit(&ring->head, &ticket, ticket + 1,
								  memory_order_relaxed, memory_order_relaxed)) {
				cell->event = *event;
				atomic_store_explicit(&cell->turn, ticket + 1, memory_order_release);
				return true;
			}
		} else if ((int32_t)(turn - ticket) < 0) {
			return false; /* what was put a round ago has not been taken */
		} else {
			ticket = atomic_load_explicit(&ring->head, memory_order_relaxed);
		}
	}
}

bool trace_ring_take(struct trace_ring *ring, struct trace_event *event)
{
	struct trace_cell *cell = &ring->cells[ring->tail & MASK];

	if (atomic_load_explicit(&cell->turn, memory_order_acquire) != ring->tail + 1)
		return false;
	*event = cell->event;
	atomic_store_explicit(&cell->turn, ring->tail + TRACE_RING_SIZE, memory_order_release);
	ring->tail++;
	return true;
}
