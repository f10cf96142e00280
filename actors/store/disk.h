/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The store's door to the disk: the few calls that can fail in interesting ways, so that a test can make the n-th one
 * fail, write half, or lie about syncing. All return 0 (or a size) or a negative errno. Blocking: call from the dirty
 * pool or from programs without actors.
 */
#ifndef TROUPE_ACTORS_STORE_DISK_H
#define TROUPE_ACTORS_STORE_DISK_H

#include <sys/types.h>
#include <troupe/base.h>

typedef struct disk {
	/** Open for append, created when missing; a descriptor. */
	int (*open_append)(void *arg, const char *path);
	/** A fresh file (what was there is gone) that is written from its start, so that room can be reserved behind
	 * what is written; a descriptor. */
	int (*create)(void *arg, const char *path);
	/** The file is `size` bytes from now on, what was not written reads as zeros: a sync of bytes that are written
	 * into such room need not wait for the file system's own records. */
	int (*reserve)(void *arg, int fd, off_t size);
	/** Write all of it at the end, in a created file behind what was written last; on failure part of it may have
	 * been written. */
	int (*append)(void *arg, int fd, const void *p, size_t n);
	/** Data (and the size) are on stable storage when this returns 0. */
	int (*sync)(void *arg, int fd);
	int (*truncate)(void *arg, int fd, off_t size);
	/** mkdir -p. */
	int (*make_folder)(void *arg, const char *path);
	/** Make names created in the folder durable. */
	int (*sync_folder)(void *arg, const char *path);
	/** Everything written so far to the file system that holds the open file is on stable storage. */
	int (*sync_all)(void *arg, int fd);
	int (*remove)(void *arg, const char *path);
	void *arg;
} disk;

/** The real one. */
extern const disk disk_real;

/** From now on the file is these bytes, or it stays as it was: they are written to `beside` (NULL: the path with .new),
 * synced, and put in its place. 0 or -errno. */
int disk_replace(const disk *d, const char *path, const char *beside, tr_str bytes);
/** The whole file appended to `out`; TR_ENOENT, TR_EIO, TR_ENOMEM. Regular files only. */
tr_err disk_read_file(const char *path, tr_buf *out);
/** What was read of a file that somebody goes on writing into room that was reserved for it: all up to the
 * zeros at the end is read once more, since a place that still was room when it was read may have been written before
 * what comes behind it was. The zeros stay: they are room, or the end of a record. */
tr_err disk_read_again(int fd, tr_buf *seen);
/** The same as disk_read_file, for such a file. */
tr_err disk_read_growing(const char *path, tr_buf *out);

#endif
