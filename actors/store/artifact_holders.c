/* SPDX-License-Identifier: Apache-2.0 */
/* The list of an artifact's holders. */
#include "actors/store/artifact_holders.h"

#include "actors/store/disk.h"
#include "actors/store/layout.h"

#include <string.h>
#include <unistd.h>

#define UNKNOWN "?" /* somebody of whom nothing was written down */

static tr_err place_of(layout_path path, const char *data, const char *key)
{
	return layout_join(path, data, "artifacts/%.2s/.%s.by", key, key);
}

/* Names come from playbooks: a line stays a line. */
static void put_line(tr_buf *out, char sign, tr_str holder)
{
	tr_buf_putc(out, sign);
	for (size_t i = 0; i < holder.n; i++)
		tr_buf_putc(out, (unsigned char)holder.p[i] < ' ' ? '_' : holder.p[i]);
	tr_buf_putc(out, '\n');
}

static tr_err append(const char *path, const tr_buf *lines, bool sync, int *os_error)
{
	int fd = disk_real.open_append(disk_real.arg, path);
	int err = fd < 0 ? fd : disk_real.append(disk_real.arg, fd, lines->p, lines->n);

	if (err >= 0 && sync)
		err = disk_real.sync(disk_real.arg, fd);
	if (fd >= 0)
		close(fd);
	*os_error = err < 0 ? -err : 0;
	return err < 0 ? TR_EIO : TR_OK;
}

/* Those who hold it still: a map from name to true. *struck: somebody deleted it. */
static tr_value read_list(tr_str text, bool *struck)
{
	tr_value live = tr_map();
	const char *p = text.p, *end = text.p + text.n, *eol;

	*struck = false;
	for (; text.n > 0 && p < end && (eol = memchr(p, '\n', (size_t)(end - p))) != NULL; p = eol + 1) {
		tr_value name = tr_string_lossy(p + 1, eol > p ? (size_t)(eol - p) - 1 : 0);
		if (*p == '-') {
			*struck = true;
			live = tr_map_del(live, name);
			tr_drop(name);
		} else {
			live = tr_map_put(live, name, tr_bool(true));
		}
	}
	return live;
}

static bool ends_with(const tr_buf *text, const tr_buf *line)
{
	return text->n >= line->n && memcmp(text->p + text->n - line->n, line->p, line->n) == 0;
}

tr_err holders_add(const char *data, const char *key, tr_str holder, bool known, int *os_error)
{
	layout_path path;
	tr_buf before = {0}, line = {0};

	*os_error = 0;
	tr_err err = place_of(path, data, key);
	if (err != TR_OK)
		return err;
	err = disk_read_file(path, &before);
	if (err == TR_ENOENT) {
		err = TR_OK;
		if (known)
			put_line(&line, '+', tr_s(UNKNOWN));
	}
	bool first = before.n == 0;
	put_line(&line, '+', holder);
	err = err != TR_OK ? err : line.err;
	if (err == TR_OK && !ends_with(&before, &line))
		err = append(path, &line, !first || known, os_error);
	tr_buf_fini(&before);
	tr_buf_fini(&line);
	return err;
}

tr_err holders_drop(const char *data, const char *key, tr_str holder, bool all, size_t *dropped, size_t *left)
{
	layout_path path;
	tr_buf text = {0}, lines = {0}, wanted = {0};
	bool struck;
	int os_error;
	tr_err err = place_of(path, data, key);

	*dropped = *left = 0;
	if (err == TR_OK)
		err = disk_read_file(path, &text);
	if (err != TR_OK)
		return err;
	put_line(&wanted, '-', holder);
	tr_str name = wanted.n > 1 ? (tr_str){wanted.p + 1, wanted.n - 2} : (tr_str){"", 0};
	tr_value live = read_list(tr_buf_str(&text), &struck);
	const tr_entry *e = tr_map_entries(live);
	for (size_t i = 0; i < tr_map_len(live); i++) {
		tr_str own = tr_as_str(e[i].key);
		bool same = own.n >= name.n && memcmp(own.p, name.p, name.n) == 0 && (all || own.n == name.n);
		*(same ? dropped : left) += 1;
		if (same)
			put_line(&lines, '-', own);
	}
	err = !tr_is_valid(live) ? TR_ENOMEM : wanted.err != TR_OK ? wanted.err : lines.err;
	if (err == TR_OK && lines.n > 0)
		err = append(path, &lines, true, &os_error);
	tr_drop(live);
	tr_buf_fini(&text);
	tr_buf_fini(&lines);
	tr_buf_fini(&wanted);
	return err;
}

bool holders_known(const char *data, const char *key)
{
	layout_path path;

	return place_of(path, data, key) == TR_OK && access(path, F_OK) == 0;
}

bool holders_deleted(const char *data, const char *key)
{
	layout_path path;
	tr_buf text = {0};
	bool struck = false;

	if (place_of(path, data, key) == TR_OK && disk_read_file(path, &text) == TR_OK) {
		tr_value live = read_list(tr_buf_str(&text), &struck);
		struck = struck && tr_is(live, TR_MAP) && tr_map_len(live) == 0;
		tr_drop(live);
	}
	tr_buf_fini(&text);
	return struck;
}
