/* SPDX-License-Identifier: Apache-2.0 */
/* Outlets. */
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/io/outlet.h"

#define FIRST_BUCKETS 64

bool outlets_init(struct outlets *all)
{
	all->buckets = tr_alloc(FIRST_BUCKETS * sizeof(struct outlet *));
	all->n_buckets = FIRST_BUCKETS;
	all->n = 0;
	return all->buckets != NULL && pthread_mutex_init(&all->lock, NULL) == 0;
}

void outlets_fini(struct outlets *all)
{
	if (all->buckets != NULL)
		pthread_mutex_destroy(&all->lock);
	tr_free(all->buckets);
}

static struct outlet **bucket(struct outlets *all, uint64_t id)
{
	return &all->buckets[(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (all->n_buckets - 1)];
}

/* Under the lock. Without memory the chains just get longer. */
static void grow(struct outlets *all)
{
	size_t n = all->n_buckets;
	struct outlet **old = all->buckets, **bigger = tr_alloc(n * 2 * sizeof(struct outlet *));

	if (bigger == NULL)
		return;
	all->buckets = bigger;
	all->n_buckets = n * 2;
	for (size_t i = 0; i < n; i++) {
		for (struct outlet *o = old[i], *next; o != NULL; o = next) {
			next = o->next;
			struct outlet **to = bucket(all, o->id);
			o->next = *to;
			*to = o;
		}
	}
	tr_free(old);
}

struct outlet *outlet_find(struct outlets *all, uint64_t id)
{
	pthread_mutex_lock(&all->lock);
	struct outlet *o = *bucket(all, id);
	while (o != NULL && o->id != id)
		o = o->next;
	if (o != NULL)
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&all->lock);
	return o;
}

void outlet_release(struct outlet *o)
{
	if (o == NULL || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&o->lock);
	tr_free(o);
}

void outlet_open(struct port *p)
{
	struct outlets *all = &p->reactor->outlets;
	uv_os_fd_t fd;
	struct outlet *o = uv_fileno(&p->in->uv.handle, &fd) == 0 ? tr_alloc(sizeof(*o)) : NULL;

	if (o == NULL)
		return;
	o->id = p->id;
	atomic_init(&o->refs, 1);
	o->is_socket = p->kind == PORT_SOCKET;
	o->framing = p->frames.framing;
	o->max = p->frames.max;
	pthread_mutex_init(&o->lock, NULL);
	o->fd = fd;
	p->outlet = o;
	pthread_mutex_lock(&all->lock);
	if (all->n++ >= all->n_buckets)
		grow(all);
	struct outlet **to = bucket(all, o->id);
	o->next = *to;
	*to = o;
	pthread_mutex_unlock(&all->lock);
}

void outlet_close(struct port *p)
{
	struct outlets *all = &p->reactor->outlets;
	struct outlet *o = p->outlet;

	if (o == NULL)
		return;
	p->outlet = NULL;
	pthread_mutex_lock(&all->lock);
	struct outlet **at = bucket(all, o->id);
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	all->n--;
	pthread_mutex_unlock(&all->lock);
	pthread_mutex_lock(&o->lock);
	o->fd = -1;
	pthread_mutex_unlock(&o->lock);
	outlet_release(o);
}

size_t outlet_write(struct outlet *o, const char *bytes, size_t n)
{
	if (o->fd < 0 || o->pending > 0)
		return 0;
	/* A pipe cannot be told to keep quiet when nobody reads, but schedulers hold its signal back. */
	ssize_t done = o->is_socket ? send(o->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) : write(o->fd, bytes, n);
	/* Errors are for the loop to find: it knows what they mean for the port. */
	return done > 0 ? (size_t)done : 0;
}
