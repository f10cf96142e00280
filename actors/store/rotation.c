/* SPDX-License-Identifier: Apache-2.0 */
/* Syncing a file system beside the store. */
#include "actors/store/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct order {
	const disk *disk;
	int os_error;
	char data[];
};

static void order_destroy(void *order)
{
	tr_free(order);
}

static const tr_class order_class = {"rotation", order_destroy};

static void *do_sync_all(void *arg)
{
	struct order *o = arg;
	int fd = open(o->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	o->os_error = fd < 0 ? errno : -o->disk->sync_all(o->disk->arg, fd);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void sync_body(tr_value arg)
{
	struct order *o = tr_as_object(arg, &order_class);
	tr_err err;
	tr_dirty(do_sync_all, o, &err);
	if (err != TR_OK || o->os_error != 0)
		tr_exit(tr_string(err != TR_OK ? tr_err_text(err) : strerror(o->os_error)));
}

tr_spawned rotation_sync(const char *data, const disk *d)
{
	static const tr_spawn_options options = {.label = "journal rotation", .monitor = true};
	size_t n = strlen(data) + 1;
	struct order *o = tr_alloc(sizeof *o + n);
	if (o == NULL)
		return (tr_spawned){.err = TR_ENOMEM};
	o->disk = d;
	memcpy(o->data, data, n);
	tr_value v = tr_object(&order_class, o);
	return tr_is_valid(v) ? tr_spawn_opt(sync_body, v, &options) : (tr_spawned){.err = tr_value_err(v)};
}
