/* SPDX-License-Identifier: Apache-2.0 */
/* Playbooks by content hash. */
#include "actors/engine/catalog.h"

#include "actors/engine/catalog_disk.h"
#include "actors/engine/validate.h"
#include "actors/protocol.h"
#include "plugins/host/host.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/template.h>
#include <troupe/log.h>

struct catalog {
	tr_value entries; /* map: hash -> {hash, file, source, model, routes} */
	tr_value paths;   /* map: metadata.path -> hash of the one that was put last */
	tr_value folder;  /* string or nil */
};

static void model_destroy(void *data)
{
	playbook *p = data;

	playbook_free(&p);
}

static const tr_class model_class = {"playbook", model_destroy};

tr_value catalog_model_value(const playbook *p)
{
	return tr_object(&model_class, playbook_hold(p));
}
const playbook *catalog_model_of(tr_value v)
{
	return tr_as_object(v, &model_class);
}

/* Whoever put it has checked it; which kinds there are is known where the plugins are. */
static bool any_kind(void *arg, tr_str kind)
{
	(void)arg;
	return kind.n > 0;
}

static tr_value compile(tr_value file, tr_value source, bool recorded, char *why, size_t n)
{
	const pb_check_options options = {.knows_kind = any_kind, .lenient = true, .recorded = recorded};
	const char *name = tr_as_cstr(file, "<playbook>");
	diagnostics found;
	playbook *p;
	tr_value v = tr_invalid(TR_ESYNTAX);

	diagnostics_init(&found, name);
	p = playbook_load(name, tr_as_str(source), &options, &found);
	if (p != NULL) {
		v = catalog_model_value(p);
		playbook_free(&p);
	} else if (found.count > 0) {
		(void)snprintf(why, n, "%s:%u:%u: %s", name, found.items[0].line, found.items[0].column,
			       found.items[0].message);
	}
	diagnostics_fini(&found);
	return v;
}

static tr_value hash_of(tr_value source)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char text[2 * sizeof digest + 1];
	tr_str s = tr_as_str(source);

	(void)crypto_hash_sha256(digest, (const unsigned char *)s.p, s.n);
	return tr_string(sodium_bin2hex(text, sizeof text, digest, sizeof digest));
}

/* The first fault that plugins find. */
static bool accepted(tr_value model, char *why, size_t n)
{
	const playbook *p = catalog_model_of(model);
	diagnostics found;
	bool ok;

	if (!hooks_any(tr_here(), HOOK_VALIDATE_PLAYBOOK) && !hooks_any(tr_here(), HOOK_VALIDATE_STEP))
		return true;
	diagnostics_init(&found, p->file);
	validate_by_plugins(p, &found);
	ok = found.errors == 0;
	for (size_t i = 0; i < found.count; i++)
		if (!ok && found.items[i].level == DIAGNOSTIC_ERROR) {
			(void)snprintf(why, n, "%s:%u:%u: %s", p->file, found.items[i].line, found.items[i].column,
				       found.items[i].message);
			break;
		}
	diagnostics_fini(&found);
	return ok;
}

static bool note_path(struct catalog *c, tr_value hash, tr_value model)
{
	tr_str path = catalog_model_of(model)->path;
	tr_value map;

	if (path.n == 0)
		return true;
	map = tr_map_put(tr_keep(c->paths), tr_string_n(path.p, path.n), tr_keep(hash));
	if (!tr_is_valid(map))
		return false;
	tr_assign(&c->paths, map);
	return true;
}

/* Takes nothing; the entry is borrowed from the catalog, absent on failure. */
static tr_value add(struct catalog *c, tr_value hash, tr_value file, tr_value source, tr_value model)
{
	routes *r = routes_new(catalog_model_of(model));
	tr_value entry, map;

	if (r == NULL)
		return tr_absent();
	entry = TR_DICT("hash", tr_keep(hash), "file", tr_keep(file), "source", tr_keep(source), "model",
			tr_keep(model), "routes", routes_value(r));
	map = tr_map_put(tr_keep(c->entries), tr_keep(hash), entry);
	if (!tr_is_valid(map) || !note_path(c, hash, model)) {
		tr_drop(map);
		return tr_absent();
	}
	tr_assign(&c->entries, map);
	return tr_map_get(c->entries, hash);
}

static tr_value refuse(const char *why)
{
	return TR_LIST(TR_A(error), tr_string_lossy(why, tr_s(why).n));
}

static tr_value put_file(struct catalog *c, tr_value file, tr_value source, tr_value model)
{
	char why[600] = "the playbook cannot be compiled";
	tr_value hash, compiled, entry;

	if (!tr_is(source, TR_STRING))
		return refuse("a playbook's source must be text");
	hash = hash_of(source);
	if (tr_is_valid(tr_map_get(c->entries, hash))) {
		(void)note_path(c, hash, tr_map_get_s(tr_map_get(c->entries, hash), "model"));
		return TR_LIST(TR_A(ok), hash);
	}
	compiled = catalog_model_of(model) != NULL ? tr_keep(model) : compile(file, source, false, why, sizeof why);
	entry = tr_is_valid(compiled) && accepted(compiled, why, sizeof why) ? add(c, hash, file, source, compiled)
									     : tr_absent();
	tr_drop(compiled);
	if (!tr_is_valid(entry)) {
		tr_drop(hash);
		return refuse(why);
	}
	if (tr_is(c->folder, TR_STRING) && !catalog_disk_put(c->folder, hash, source, why, sizeof why))
		tr_log(TR_WARNING, tr_absent(),
		       "%s; an interrupted execution of this playbook cannot be resumed by another process", why);
	return TR_LIST(TR_A(ok), hash);
}

/* The whole path, so that files beside it are found from another working directory too, as after a resume. */
static tr_value whole_path(tr_value file)
{
	char path[PATH_MAX];

	return tr_is(file, TR_STRING) && realpath(tr_as_cstr(file, ""), path) != NULL
		   ? tr_string_lossy(path, strlen(path))
		   : tr_keep(file);
}

static tr_value put(struct catalog *c, tr_value given, tr_value source, tr_value model)
{
	tr_value file = whole_path(given), answer = put_file(c, file, source, model);

	tr_drop(file);
	return answer;
}

/* Not in memory: from the folder, when what is there has this hash. */
static tr_value find(struct catalog *c, tr_value hash, tr_value file)
{
	char why[600] = "";
	tr_value source = tr_is(c->folder, TR_STRING) ? catalog_disk_get(c->folder, hash) : tr_absent();
	tr_value has, model, entry = tr_absent();

	if (!tr_is_valid(source))
		return tr_absent();
	has = hash_of(source);
	model = tr_equal(has, hash) ? compile(file, source, true, why, sizeof why) : tr_absent();
	if (tr_is_valid(model))
		entry = add(c, hash, file, source, model);
	else
		tr_log(TR_ERROR, tr_absent(), "the kept playbook %s cannot be used: %s", tr_as_cstr(hash, ""),
		       why[0] != '\0' ? why : "its content is not what its name says");
	tr_drop(has);
	tr_drop(model);
	tr_drop(source);
	return entry;
}

static tr_value get(struct catalog *c, tr_value hash, tr_value file)
{
	tr_value entry = tr_map_get(c->entries, hash);

	if (!tr_is_valid(entry) && tr_is(hash, TR_STRING))
		entry = find(c, hash, tr_is(file, TR_STRING) ? file : hash);
	return tr_is_valid(entry) ? tr_keep(entry) : tr_nil();
}

/* Does its author mean a file? Otherwise a catalog's path comes first. */
static bool is_file_name(tr_str path)
{
	return path.n > 0 &&
	       (path.p[0] == '/' || path.p[0] == '.' || (path.n > 5 && memcmp(path.p + path.n - 5, ".yaml", 5) == 0) ||
		(path.n > 4 && memcmp(path.p + path.n - 4, ".yml", 4) == 0));
}

static tr_value load_file(struct catalog *c, tr_value path, tr_value caller)
{
	char why[600] = "";
	tr_value file = tr_absent(), source = catalog_disk_load(path, caller, &file, why, sizeof why), answer;

	if (!tr_is_valid(source))
		return refuse(why);
	answer = put(c, file, source, tr_nil());
	if (TR_IS_A(tr_array_at(answer, 0), ok))
		answer = tr_array_push(answer, whole_path(file));
	tr_drop(file);
	tr_drop(source);
	return answer;
}

/* The answer as it is, unless another version is wanted. Takes the answer. */
static tr_value of_version(struct catalog *c, tr_value answer, tr_value path, tr_value wanted)
{
	tr_value entry = tr_map_get(c->entries, tr_array_at(answer, 1));
	const playbook *p = catalog_model_of(tr_map_get_s(entry, "model"));
	tr_value text = tr_is(wanted, TR_STRING) ? tr_keep(wanted) : tr_python_str(wanted);
	bool same = tr_is_nil(wanted) || !tr_is_valid(wanted) || p == NULL || tr_str_eq(p->version, tr_as_str(text));

	if (!same)
		tr_assign(
		    &answer,
		    TR_LIST(TR_A(error), tr_stringf("the playbook '%s' is there in version '%.*s', not '%s'",
						    tr_as_cstr(path, ""), TR_STR(p->version), tr_as_cstr(text, "?"))));
	tr_drop(text);
	return answer;
}

/* By its path in the catalog; absent when that is none. */
static tr_value known(struct catalog *c, tr_value path)
{
	tr_value hash = is_file_name(tr_as_str(path)) ? tr_absent() : tr_map_get(c->paths, path), file;

	if (!tr_is_valid(hash))
		return tr_absent();
	file = tr_map_get_s(tr_map_get(c->entries, hash), "file");
	return TR_LIST(TR_A(ok), tr_keep(hash), tr_is_valid(file) ? tr_keep(file) : tr_nil());
}

/* [load, path, the caller's file or nil, version or nil] -> [ok, hash, file] */
static tr_value load(struct catalog *c, tr_value path, tr_value caller, tr_value version)
{
	tr_value answer;

	if (!tr_is(path, TR_STRING) || tr_as_str(path).n == 0)
		return refuse("a playbook's path must be text");
	answer = known(c, path);
	return of_version(c, tr_is_valid(answer) ? answer : load_file(c, path, caller), path, version);
}

/* [validate, file, source] -> [ok, what the hooks of plugins have to say: {line, column, level, message, …} each] */
static tr_value validate(tr_value file, tr_value source)
{
	char why[600] = "the playbook cannot be compiled";
	tr_value model, answer;
	diagnostics found;

	if (!tr_is(source, TR_STRING))
		return refuse("a playbook's source must be text");
	model = compile(file, source, false, why, sizeof why);
	if (!tr_is_valid(model))
		return refuse(why);
	diagnostics_init(&found, tr_as_cstr(file, "<playbook>"));
	validate_by_plugins(catalog_model_of(model), &found);
	answer = TR_LIST(TR_A(ok), diagnostics_to_value(&found));
	diagnostics_fini(&found);
	tr_drop(model);
	return answer;
}

static tr_next catalog_call(void *state, tr_value request, tr_from from)
{
	struct catalog *c = *(struct catalog **)state;
	tr_str what = tr_as_str(tr_array_at(request, 0));

	(void)from;
	if (tr_str_is(what, "put"))
		return tr_next_reply(put(c, tr_array_at(request, 1), tr_array_at(request, 2), tr_array_at(request, 3)));
	if (tr_str_is(what, "get"))
		return tr_next_reply(get(c, tr_array_at(request, 1), tr_array_at(request, 2)));
	if (tr_str_is(what, "load"))
		return tr_next_reply(
		    load(c, tr_array_at(request, 1), tr_array_at(request, 2), tr_array_at(request, 3)));
	if (tr_str_is(what, "validate"))
		return tr_next_reply(validate(tr_array_at(request, 1), tr_array_at(request, 2)));
	return tr_next_reply(refuse("the catalog knows put, get, load and validate"));
}

/* However the actor ends. */
static void catalog_release(void *ptr)
{
	struct catalog *c = ptr;

	tr_drop(c->entries);
	tr_drop(c->paths);
	tr_drop(c->folder);
	tr_free(c);
}

static tr_next catalog_init(void *state, tr_value arg)
{
	struct catalog *c;

	if (sodium_init() < 0)
		return tr_next_stop(tr_string("libsodium cannot be used"));
	c = tr_alloc(sizeof *c);
	if (c == NULL)
		return tr_next_stop(TR_A(enomem));
	c->folder = tr_is(arg, TR_STRING) ? tr_keep(arg) : tr_nil();
	c->entries = tr_map();
	c->paths = tr_map();
	if (tr_own(c, catalog_release) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	*(struct catalog **)state = c;
	return tr_is_valid(c->entries) ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_value catalog_show(void *state)
{
	const struct catalog *c = *(struct catalog **)state;

	return TR_DICT("playbooks", tr_int((int64_t)tr_map_len(c->entries)), "folder", tr_keep(c->folder));
}

static const tr_gen_server catalog_server = {
    .name = "catalog",
    .state_size = sizeof(struct catalog *),
    .init = catalog_init,
    .handle_call = catalog_call,
    .show = catalog_show,
};

tr_started catalog_start_link(tr_value arg, tr_value extra)
{
	tr_spawn_options options = {.label = "catalog", .name = SUBJECT_CATALOG};

	(void)extra;
	return tr_gen_server_start_link(&catalog_server, tr_keep(arg), &options, TR_FOREVER);
}
