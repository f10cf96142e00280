/* SPDX-License-Identifier: Apache-2.0 */
/* Bad input: what is no playbook at all is refused with words that help, never with a crash or a hang. */
#include "model_kit.h"
#include "playbook/check/check_cli.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct folder {
	char path[64];
	char file[96];
} folder;

static int make_folder(void **state)
{
	folder *f = calloc(1, sizeof *f);
	snprintf(f->path, sizeof f->path, "/tmp/troupe-files-XXXXXX");
	if (f == NULL || mkdtemp(f->path) == NULL)
		return -1;
	snprintf(f->file, sizeof f->file, "%s/play.yaml", f->path);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	folder *f = *state;
	unlink(f->file);
	rmdir(f->path);
	free(f);
	return 0;
}

static void write_bytes(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void assert_file_refused(const char *path, const char *code, const char *part)
{
	diagnostics d;
	diagnostics_init(&d, path);
	assert_null(playbook_load_file(path, NULL, &d, NULL));
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.items[0].code, code);
	if (strstr(d.items[0].message, part) == NULL)
		print_error("%s\n", d.items[0].message);
	assert_non_null(strstr(d.items[0].message, part));
	diagnostics_fini(&d);
}

static void missing(void **state)
{
	folder *f = *state;
	assert_file_refused(f->file, "no-such-file", "No such file");
}

static void a_directory(void **state)
{
	folder *f = *state;
	assert_file_refused(f->path, "is-directory", "directory");
}

static void empty(void **state)
{
	folder *f = *state;
	write_bytes(f->file, "", 0);
	assert_file_refused(f->file, "empty", "nothing in it");
}

static void broken_yaml(void **state)
{
	folder *f = *state;
	write_bytes(f->file, "a: [1\nb: 2\n", 11);
	assert_file_refused(f->file, "yaml-syntax", "expected");
}

static void invalid_utf8(void **state)
{
	folder *f = *state;
	write_bytes(f->file, "a: \xff\n", 5);
	assert_file_refused(f->file, "bad-encoding", "0xFF");
}

static void a_hundred_megabytes(void **state)
{
	folder *f = *state;
	int fd = open(f->file, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 100 << 20), 0); /* sparse: no disk is used */
	close(fd);
	assert_file_refused(f->file, "too-large", "100.0 MB");
}

static void a_fifo_does_not_hang(void **state)
{
	folder *f = *state;
	assert_int_equal(mkfifo(f->file, 0600), 0);
	assert_file_refused(f->file, "not-a-file", "regular file");
}

static void devices(void **state)
{
	(void)state;
	assert_file_refused("/dev/zero", "not-a-file", "regular file");
}

static void a_sound_file_gives_its_source(void **state)
{
	folder *f = *state;
	const char *text = HEAD "workflow: [ { step: a, tool: { kind: noop } } ]\n";
	write_bytes(f->file, text, strlen(text));
	diagnostics d;
	tr_buf source = {0};
	diagnostics_init(&d, f->file);
	playbook *p = playbook_load_file(f->file, NULL, &d, &source);
	assert_non_null(p);
	assert_true(tr_str_is(tr_buf_str(&source), text));
	assert_true(tr_str_eq(p->source, tr_buf_str(&source)));
	assert_string_equal(p->file, f->file);
	playbook_free(&p);
	tr_buf_fini(&source);
	diagnostics_fini(&d);
}

static int check_as(const char *file, const check_how *how, char **out_text, char **err_text)
{
	size_t n, m;
	FILE *out = open_memstream(out_text, &n), *err = open_memstream(err_text, &m);
	assert_non_null(out);
	assert_non_null(err);
	const char *files[] = {file, file};
	int status = check_files(files, 2, how, out, err);
	fclose(out);
	fclose(err);
	return status;
}

static int check(const char *file, bool json, char **out_text, char **err_text)
{
	return check_as(file, &(check_how){.json = json}, out_text, err_text);
}

static void strict_makes_errors_of_warnings(void **state)
{
	folder *f = *state;
	char *out, *err;
	const char *doubtful = HEAD "workflow: [ { step: a, desc: x, colour: red, tool: { kind: noop } } ]\n";
	write_bytes(f->file, doubtful, strlen(doubtful));
	assert_int_equal(check(f->file, false, &out, &err), 0);
	assert_non_null(strstr(out, "play.yaml: ok, 1 warning\n"));
	assert_non_null(strstr(err, ": warning: a step has no key 'colour'"));
	free(out);
	free(err);
	assert_int_equal(check_as(f->file, &(check_how){.strict = true}, &out, &err), 2);
	assert_string_equal(out, "");
	assert_non_null(strstr(err, ": error: a step has no key 'colour'"));
	assert_non_null(strstr(err, "1 error, 0 warnings"));
	free(out);
	free(err);
}

static void the_check_command(void **state)
{
	folder *f = *state;
	char *out, *err;
	const char *sound = HEAD "workflow: [ { step: a, tool: { kind: noop } } ]\n";
	write_bytes(f->file, sound, strlen(sound));
	assert_int_equal(check(f->file, false, &out, &err), 0);
	assert_non_null(strstr(out, "play.yaml: ok\n"));
	assert_string_equal(err, "");
	free(out);
	free(err);
	write_bytes(f->file, "a: 1\n", 5);
	assert_int_equal(check(f->file, false, &out, &err), 2);
	assert_string_equal(out, "");
	assert_non_null(
	    strstr(err, "play.yaml:1:1: error: a playbook has no key 'a' (a)\n     1 | a: 1\n       | ^\n"));
	free(out);
	free(err);
	assert_int_equal(check(f->file, true, &out, &err), 2);
	assert_string_equal(err, "");
	tr_value v = tr_json_read(tr_s(out), NULL, NULL);
	assert_int_equal(tr_array_len(v), 2);
	tr_value one = tr_array_at(v, 0);
	assert_false(tr_as_bool(tr_map_get_s(one, "ok"), true));
	assert_int_equal(tr_array_len(tr_map_get_s(one, "diagnostics")), 3);
	tr_drop(v);
	free(out);
	free(err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(missing),
	    TEST(a_directory),
	    TEST(empty),
	    TEST(broken_yaml),
	    TEST(invalid_utf8),
	    TEST(a_hundred_megabytes),
	    TEST(devices),
	    TEST(a_fifo_does_not_hang),
	    TEST(strict_makes_errors_of_warnings),
	    TEST(the_check_command),
	    TEST(a_sound_file_gives_its_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
