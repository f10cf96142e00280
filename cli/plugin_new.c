/* SPDX-License-Identifier: Apache-2.0 */
/* troupe plugin new: a folder that builds. */
#include "cli/plugin_commands.h"

#include "cli/command.h"
#include "cli/scaffold.h"
#include "plugins/host/controller.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/base.h>

typedef struct scaffold {
	const char *name, *type, *capability, *kind;
	bool tool;      /* it answers for a tool kind */
	char asks[24];  /* "asks:iterator": the questions that a controller answers; else empty */
	char id[80];    /* a C identifier */
	char macro[80]; /* the same in capitals */
} scaffold;

static const char *const types[] = {"provider", "handler", "validator", "extension", "integration", "controller", NULL};

/* What a plugin's id may be, and a folder's name, and a C identifier when `-` becomes `_`. */
static bool name_good(const char *name)
{
	size_t n = strlen(name);
	if (n == 0 || n > 60 || !islower((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return false;
	return true;
}

static bool type_good(const char *type)
{
	for (size_t i = 0; type != NULL && types[i] != NULL; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

/* ---- filling in ---- */

static const char *word_of(const scaffold *s, tr_str word)
{
	if (tr_str_is(word, "NAME"))
		return s->name;
	if (tr_str_is(word, "TYPE"))
		return s->type;
	if (tr_str_is(word, "CAPABILITY"))
		return s->capability;
	if (tr_str_is(word, "KIND"))
		return s->kind;
	if (tr_str_is(word, "CONTROLLER"))
		return s->asks[0] != '\0' ? s->asks + sizeof "asks:" - 1 : "";
	if (tr_str_is(word, "ID"))
		return s->id;
	if (tr_str_is(word, "MACRO"))
		return s->macro;
	if (tr_str_is(word, "TROUPE_VERSION"))
		return TR_VERSION_STRING;
	if (tr_str_is(word, "GRANT_OPTION"))
		return strcmp(s->type, "integration") == 0 ? " --grant exec" : "";
	return NULL;
}

static void put_line(const scaffold *s, tr_str line, tr_buf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		const char *end = line.p[i] == '@' ? memchr(line.p + i + 1, '@', line.n - i - 1) : NULL;
		const char *word =
		    end == NULL ? NULL : word_of(s, (tr_str){line.p + i + 1, (size_t)(end - line.p) - i - 1});
		if (word == NULL) {
			tr_buf_putc(out, line.p[i]);
			continue;
		}
		tr_buf_puts(out, word);
		i = (size_t)(end - line.p);
	}
}

static bool lists(tr_str line, const char *type)
{
	size_t n = strlen(type);
	for (size_t i = 0; i + n <= line.n; i++)
		if (memcmp(line.p + i, type, n) == 0)
			return true;
	return false;
}

/* Lines between "@if TYPE …@" and "@end@" are for those types only; "tool" and "no-tool" tell whether there is a kind,
 * "asks:NAME" which questions a controller answers. */
static void fill(const scaffold *s, const char *text, size_t size, tr_buf *out)
{
	bool on = true;
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		tr_str line = {text + at, end == NULL ? size - at : (size_t)(end - text) - at + 1};
		at += line.n;
		if (line.n > 4 && memcmp(line.p, "@if ", 4) == 0)
			on = lists(line, s->type) || lists(line, s->asks[0] != '\0' ? s->asks
								 : s->tool          ? " tool"
										    : " no-tool");
		else if (line.n >= 5 && memcmp(line.p, "@end@", 5) == 0)
			on = true;
		else if (on)
			put_line(s, line, out);
	}
}

static bool write_file(const scaffold *s, const char *suffix, const char *text, size_t size)
{
	char path[300];
	tr_buf out = {0};
	(void)snprintf(path, sizeof path, "%s/%s%s", s->name, suffix[0] == '.' || suffix[0] == '_' ? s->name : "",
		       suffix);
	fill(s, text, size, &out);
	FILE *f = out.err == TR_OK ? fopen(path, "wx") : NULL;
	bool good = f != NULL && fwrite(out.p, 1, out.n, f) == out.n;
	if (f != NULL && fclose(f) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "troupe plugin: %s cannot be written: %s\n", path, strerror(errno));
	tr_buf_fini(&out);
	return good;
}

static void identifiers(scaffold *s)
{
	size_t n = strlen(s->name);
	for (size_t i = 0; i <= n; i++) {
		s->id[i] = s->name[i] == '-' ? '_' : s->name[i];
		s->macro[i] = (char)toupper((unsigned char)s->id[i]);
	}
}

/* Which questions it answers. */
static bool controller_good(scaffold *s)
{
	static const char head[] = "controller:";
	if (strncmp(s->capability, head, sizeof head - 1) != 0 ||
	    controller_find(tr_s(s->capability + sizeof head - 1)) < 0)
		return false;
	(void)snprintf(s->asks, sizeof s->asks, "asks:%s", s->capability + sizeof head - 1);
	return true;
}

int plugin_new(plugin_arguments *a)
{
	char capability[120];
	scaffold s = {.name = a->words[0], .type = a->type};
	if (!name_good(s.name))
		return usage_error(
		    "plugin", "a plugin's name is up to 60 small letters, digits, - and _, a letter first; not '%s'",
		    s.name);
	if (!type_good(s.type))
		return usage_error("plugin",
				   "--type is one of provider, handler, validator, extension, integration, controller");
	bool controls = strcmp(s.type, "controller") == 0;
	(void)snprintf(capability, sizeof capability, controls ? "controller:iterator" : "tool:%s", s.name);
	s.capability = a->capability != NULL ? a->capability : capability;
	s.tool = strncmp(s.capability, "tool:", 5) == 0;
	s.kind = s.tool ? s.capability + 5 : s.name;
	if (s.capability[strcspn(s.capability, "\"\\\n")] != '\0')
		return usage_error("plugin", "a capability is a name such as tool:greet, not '%s'", s.capability);
	if (controls && !controller_good(&s))
		return usage_error("plugin",
				   "a controller's capability is controller:iterator, controller:result or "
				   "controller:workbook, not '%s'",
				   s.capability);
	identifiers(&s);
	if (mkdir(s.name, 0777) != 0) {
		fprintf(stderr, "troupe plugin: the folder %s cannot be made: %s\n", s.name, strerror(errno));
		return EXIT_FAILED;
	}
	bool good = write_file(&s, "CMakeLists.txt", scaffold_cmake, scaffold_cmake_size) &&
		    write_file(&s, "README.md", scaffold_readme, scaffold_readme_size) &&
		    (controls ? write_file(&s, ".c", scaffold_controller, scaffold_controller_size) &&
				    write_file(&s, "_test.c", scaffold_controller_test, scaffold_controller_test_size)
			      : write_file(&s, ".c", scaffold_plugin, scaffold_plugin_size) &&
				    write_file(&s, "_test.c", scaffold_test, scaffold_test_size));
	if (!good)
		return EXIT_FAILED;
	printf("%s/ is %s %s plugin that offers %s.\n\n"
	       "  troupe plugin test %s      builds it and runs its tests\n"
	       "  %s/README.md tells the rest\n",
	       s.name, strchr("aeiou", s.type[0]) != NULL ? "an" : "a", s.type, s.capability, s.name, s.name);
	return EXIT_OK;
}
