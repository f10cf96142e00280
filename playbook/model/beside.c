/* SPDX-License-Identifier: Apache-2.0 */
/* Files beside a playbook that its tasks name outright. */
#include "playbook/check/kinds.h"
#include "playbook/model/loader.h"
#include <string.h>
#include <sys/stat.h>

static bool names_a_file(tr_str path)
{
	return path.n > 0 &&
	       (path.p[0] == '/' || path.p[0] == '.' || (path.n > 5 && memcmp(path.p + path.n - 5, ".yaml", 5) == 0) ||
		(path.n > 4 && memcmp(path.p + path.n - 4, ".yml", 4) == 0));
}

/* Is there such a file beside the playbook's, as it is named or with a playbook's ending? */
static bool is_there(const char *file, tr_str path)
{
	static const char *const endings[] = {"", ".yaml", ".yml"};
	const char *slash = path.n > 0 && path.p[0] == '/' ? NULL : strrchr(file, '/');
	bool found = false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings && !found; i++) {
		tr_buf b = {0};
		struct stat st;
		if (slash != NULL)
			tr_buf_put(&b, file, (size_t)(slash - file) + 1);
		tr_buf_putf(&b, "%.*s%s", TR_STR(path), endings[i]);
		found = b.err != TR_OK || (stat(b.p, &st) == 0 && S_ISREG(st.st_mode));
		tr_buf_fini(&b);
	}
	return found;
}

/* A text that is written out, without a template; NULL when it is not. */
static const yaml_node *written(const yaml_node *map, const char *key)
{
	const yaml_node *n = map != NULL && map->kind == YAML_MAPPING ? yaml_get(map, key) : NULL;
	return n != NULL && is_text(n) && !tr_template_has_syntax(n->text) ? n : NULL;
}

/* A sub-playbook whose file is named outright must be there; one that a template or the catalog names is found when it
 * runs. */
static void check_child(loader *l, const yaml_node *body, const where *w)
{
	const yaml_node *path = written(body, "path");
	where here = where_key(w, LITERAL("path"));
	if (path == NULL || !names_a_file(path->text) || is_there(l->box->pub.file, path->text))
		return;
	l->astray++;
	load_fault(l, &here, path, "no-such-playbook", "a path is meant from the folder of this playbook",
		   "there is no playbook %.*s", TR_STR(path->text));
}

/* Code or SQL from a file, which an earlier step may still write: `file`, or `script: { path: … }`. */
static void check_script(loader *l, const yaml_node *body, const where *w)
{
	const yaml_node *own = written(body, "file"), *path = own;
	where script = where_key(w, LITERAL("script"));
	where here = own != NULL ? where_key(w, LITERAL("file")) : where_key(&script, LITERAL("path"));
	if (own == NULL)
		path = written(yaml_get(body, "script"), "path");
	if (path != NULL && !is_there(l->box->pub.file, path->text))
		load_warn(l, &here, path, "no-such-file", "a path is meant from the folder of this playbook",
			  "there is no file %.*s (yet)", TR_STR(path->text));
}

void beside_check(loader *l, const yaml_node *body, tr_str kind, const where *w)
{
	if (tr_str_is(kind, "playbook"))
		check_child(l, body, w);
	else if (kind_key_find(kind_find(kind), tr_s("file")) != NULL)
		check_script(l, body, w);
}
