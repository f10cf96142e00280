/* SPDX-License-Identifier: Apache-2.0 */
/* troupe credential: the store of credentials that playbooks name in `auth`. */
#include "cli/command.h"

#include "actors/store/layout.h"
#include "cli/input.h"
#include "cli/pick.h"
#include "plugins/shared/auth/vault.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <termios.h>
#include <troupe/codec.h>
#include <unistd.h>

typedef struct request {
	layout_path file;
	const char *type, *from;
	bool json, replace;
	const char *name;
	tr_value fields;
	bool found;
} request;

/* ---- fields from the command line ---- */

static bool is_secret(const char *key)
{
	static const char *const parts[] = {"pass", "token", "secret", "key", "dsn", "private"};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcasestr(key, parts[i]) != NULL)
			return true;
	return false;
}

/* A line of standard input, not shown while it is typed. Fresh text; absent at the end of input. */
static tr_value ask(const char *key)
{
	struct termios before, quiet;
	bool terminal = isatty(0) == 1 && tcgetattr(0, &before) == 0;
	char *line = NULL;
	size_t room = 0;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(0, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s: ", key);
	}
	ssize_t n = getline(&line, &room, stdin);
	if (terminal) {
		(void)tcsetattr(0, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	tr_value text = n < 0 ? tr_absent() : tr_string_lossy(line, (size_t)n);
	free(line);
	return text;
}

static tr_value from_file(const char *file)
{
	tr_buf text = {0};
	tr_value v = tr_absent();

	if (input_read("credential", "file", file, &text)) {
		while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
			text.n--;
		v = tr_string_lossy(text.p, text.n);
	}
	tr_buf_fini(&text);
	return v;
}

/* "key=value", "key=-", "key=@file" into r->fields. */
static int take_field(request *r, const char *word)
{
	char key[128];
	const char *equals = strchr(word, '=');
	size_t n = equals == NULL ? 0 : (size_t)(equals - word);
	tr_value v;

	if (n == 0 || n >= sizeof key)
		return usage_error("credential", "'%s' is no field; write key=value, key=- or key=@FILE", word);
	memcpy(key, word, n);
	key[n] = '\0';
	const char *value = equals + 1;
	if (strcmp(value, "-") == 0) {
		v = ask(key);
		if (!tr_is_valid(v))
			return usage_error("credential", "standard input ended before %s was read", key);
	} else if (value[0] == '@') {
		v = from_file(value + 1);
		if (!tr_is_valid(v))
			return EXIT_FAILED;
	} else if (is_secret(key)) {
		return usage_error("credential",
				   "%s on the command line is there for every user of this machine to see; write %s=- "
				   "to be asked for it, or %s=@FILE",
				   key, key, key);
	} else {
		v = tr_string_lossy(value, strlen(value));
	}
	r->fields = tr_map_put_s(r->fields, key, v);
	return EXIT_OK;
}

static int take_json(request *r)
{
	tr_buf text = {0};
	tr_decode_error error = {0};

	if (!input_read("credential", "fields", r->from, &text)) {
		tr_buf_fini(&text);
		return EXIT_FAILED;
	}
	tr_value v = tr_json_read(tr_buf_str(&text), NULL, &error);
	tr_buf_fini(&text);
	if (!tr_is(v, TR_MAP)) {
		tr_drop(v);
		return usage_error("credential", "%s must hold a JSON object of fields", r->from);
	}
	r->fields = tr_map_merge(v, r->fields);
	return EXIT_OK;
}

/* ---- the commands ---- */

/* What is there is replaced only when that was asked for: what it was is gone then. */
static tr_value put(tr_value all, void *arg)
{
	request *r = arg;

	r->found = tr_is_valid(tr_map_get_s(all, r->name));
	if (r->found && !r->replace) {
		tr_drop(all);
		return tr_absent();
	}
	return tr_map_put_s(all, r->name, tr_keep(r->fields));
}

static tr_value take_out(tr_value all, void *arg)
{
	request *r = arg;
	tr_value key = tr_string(r->name);

	r->found = tr_is_valid(tr_map_get(all, key));
	if (r->found)
		all = tr_map_del(all, key);
	else
		tr_clear(&all);
	tr_drop(key);
	return all;
}

static int refused(const char *why)
{
	fprintf(stderr, "troupe credential: %s\n", why);
	return EXIT_FAILED;
}

static int add(request *r)
{
	char why[VAULT_TEXT] = "";
	vault_key key = vault_key_of_environment();

	if (tr_map_len(r->fields) == 0)
		return usage_error("credential", "add: a credential needs at least one field");
	if (r->type != NULL)
		r->fields = tr_map_put_s(r->fields, "type", tr_string(r->type));
	if (vault_change(r->file, &key, put, r, why) != TR_OK)
		return refused(why);
	if (r->found && !r->replace) {
		fprintf(stderr,
			"troupe credential: there is a credential %s already; --replace puts this one in its place\n",
			r->name);
		return EXIT_FAILED;
	}
	/* The type is for those who read the list; it is no field that somebody gave. */
	size_t n = tr_map_len(r->fields) - (r->type != NULL ? 1 : 0);
	printf("credential %s%s: %zu field%s in %s\n", r->name, r->found ? " is replaced" : "", n, n == 1 ? "" : "s",
	       r->file);
	return EXIT_OK;
}

static int remove_one(request *r)
{
	char why[VAULT_TEXT] = "";
	vault_key key = vault_key_of_environment();

	if (vault_change(r->file, &key, take_out, r, why) != TR_OK)
		return refused(why);
	if (!r->found) {
		fprintf(stderr, "troupe credential: there is no credential %s in %s\n", r->name, r->file);
		return EXIT_FAILED;
	}
	printf("credential %s is removed\n", r->name);
	return EXIT_OK;
}

static int rekey(request *r, const char *to)
{
	char why[VAULT_TEXT] = "";
	vault_key key = vault_key_of_environment();
	bool passphrase = strcmp(to, "passphrase") == 0;

	if (!passphrase && strcmp(to, "key") != 0)
		return usage_error("credential", "rekey: passphrase or key?");
	if (vault_rekey(r->file, &key, passphrase, why) != TR_OK)
		return refused(why);
	printf("%s is locked by a %s now\n", r->file, to);
	return EXIT_OK;
}

/* Names, types and the names of fields: nothing of what is in them. */
static tr_value overview(tr_value all)
{
	tr_value list = tr_array();

	for (size_t i = 0; i < tr_map_len(all); i++) {
		const tr_entry *e = &tr_map_entries(all)[i];
		tr_value keys = tr_array();
		for (size_t j = 0; j < tr_map_len(e->value); j++)
			keys = tr_array_push(keys, tr_keep(tr_map_entries(e->value)[j].key));
		tr_value type = tr_map_get_s(e->value, "type");
		list = tr_array_push(list, TR_DICT("name", tr_keep(e->key), "type",
						   tr_is_valid(type) ? tr_keep(type) : tr_nil(), "fields", keys));
	}
	return list;
}

static int list(request *r)
{
	char why[VAULT_TEXT] = "";
	vault_key key = vault_key_of_environment();
	tr_value all = vault_read(r->file, &key, why);

	if (!tr_is_valid(all))
		return refused(why);
	tr_value shown = overview(all);
	tr_drop(all);
	for (size_t i = 0; i < tr_array_len(shown); i++) {
		tr_value one = tr_array_at(shown, i), keys = tr_map_get_s(one, "fields");
		tr_buf line = {0};
		if (r->json) {
			(void)tr_json_write(&line, one, TR_JSON_COMPACT);
		} else {
			tr_buf_putf(&line, "%-24s %-12s", tr_as_cstr(tr_map_get_s(one, "name"), ""),
				    tr_as_cstr(tr_map_get_s(one, "type"), "-"));
			for (size_t j = 0; j < tr_array_len(keys); j++)
				tr_buf_putf(&line, " %s", tr_as_cstr(tr_array_at(keys, j), "?"));
		}
		printf("%.*s\n", (int)line.n, line.p == NULL ? "" : line.p);
		tr_buf_fini(&line);
	}
	tr_drop(shown);
	return EXIT_OK;
}

/* What fails here is told when the file is written. */
static void make_folders(layout_path data)
{
	for (char *slash = strchr(data + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(data, 0700);
		*slash = '/';
	}
	(void)mkdir(data, 0700);
}

static int dispatch(request *r, int argc, char **words)
{
	const char *what = argc > 0 ? words[0] : "";
	int status = EXIT_OK;

	if (strcmp(what, "list") == 0)
		return argc == 1 ? list(r) : usage_error("credential", "list takes no words");
	if (strcmp(what, "rekey") == 0)
		return argc == 2 ? rekey(r, words[1]) : usage_error("credential", "rekey: passphrase or key?");
	if (strcmp(what, "add") != 0 && strcmp(what, "remove") != 0)
		return usage_error("credential", "add, list, remove or rekey?");
	if (argc < 2 || !vault_name_valid(words[1]))
		return usage_error("credential", "%s: a name of letters, digits, '_', '-' and '.' is needed", what);
	r->name = words[1];
	if (strcmp(what, "remove") == 0)
		return argc == 2 ? remove_one(r) : usage_error("credential", "remove takes one name");
	for (int i = 2; i < argc && status == EXIT_OK; i++)
		status = take_field(r, words[i]);
	if (status == EXIT_OK && r->from != NULL)
		status = take_json(r);
	return status == EXIT_OK ? add(r) : status;
}

static int credential_perform(request *r, int argc, char **argv)
{
	static const struct option options[] = {
	    {"data", required_argument, NULL, 'd'}, {"type", required_argument, NULL, 't'},
	    {"from", required_argument, NULL, 'f'}, {"json", no_argument, NULL, 'j'},
	    {"replace", no_argument, NULL, 'r'},    {NULL, 0, NULL, 0}};
	layout_path data;

	if (layout_default(data) != TR_OK)
		return usage_error("credential", "the data folder's name is too long");
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'd' && pick_data(data, "credential", optarg) == EXIT_OK)
			continue;
		if (c == 't')
			r->type = optarg;
		else if (c == 'f')
			r->from = optarg;
		else if (c == 'j')
			r->json = true;
		else if (c == 'r')
			r->replace = true;
		else
			return EXIT_INVALID;
	}
	if (layout_join(r->file, data, "credentials") != TR_OK)
		return usage_error("credential", "the data folder's name is too long");
	make_folders(data);
	return dispatch(r, argc - optind, argv + optind);
}

static int credential_run(int argc, char **argv)
{
	request r = {.fields = tr_map()};
	int status = credential_perform(&r, argc, argv);

	tr_drop(r.fields);
	return status;
}

const command command_credential = {
    .name = "credential",
    .arguments = "add NAME [--type TYPE] [--from FILE] [--replace] [FIELD…] | list [--json] | remove NAME | rekey "
		 "passphrase|key",
    .summary = "Keep the credentials that playbooks name in 'auth'",
    .help = "A FIELD is key=value, key=- (a line of standard input, asked for without showing it) or key=@FILE. What "
	    "looks like a\nsecret is not taken from the command line, where every user can see it.\n\n"
	    "  --type TYPE   postgres, bearer, basic, api_key, oauth2, … (for those who read the list)\n"
	    "  --from FILE   a JSON object of fields ('-': standard input)\n"
	    "  --replace     put it in the place of the credential of that name\n"
	    "  --json        the list as JSON lines; never what is in the fields\n"
	    "  --data DIR    the data folder (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n\n"
	    "The file DIR/credentials is encrypted as a whole. Its key is the first of these that is set:\n"
	    "  TROUPE_CREDENTIAL_PASSPHRASE   a passphrase\n"
	    "  TROUPE_CREDENTIAL_KEY          64 hexadecimal digits\n"
	    "  TROUPE_CREDENTIAL_KEY_FILE     a file with such digits, readable by its owner only\n"
	    "else DIR/credentials.key, which the first 'add' makes. A file stays locked by what it was made with until "
	    "'rekey' changes\n"
	    "that; both the old and the new must be set then. Nodes read the file when a task needs it.\n",
    .run = credential_run,
};
