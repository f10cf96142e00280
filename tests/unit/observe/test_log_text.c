/* SPDX-License-Identifier: Apache-2.0 */
/* Records as text: every line exactly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "runtime/observe/logger.h"

static void check(tr_level level, tr_value record, bool color, const char *want)
{
	tr_buf out = {0};

	log_text(&out, level, record, color);
	assert_int_equal(out.err, TR_OK);
	assert_string_equal(out.p, want);
	tr_buf_fini(&out);
	tr_drop(record);
}

static void a_record_is_one_line(void **state)
{
	(void)state;
	check(TR_INFO,
	      TR_DICT("time_us", tr_int(INT64_C(1700000000123456)), "level", tr_string("info"), "text",
		      tr_string("started"), "pid", tr_nil(), "name", tr_nil(), "port", tr_int(8080), "host",
		      tr_string("a b")),
	      false, "2023-11-14T22:13:20.123456Z info    : started port=8080 host=\"a b\"\n");
	check(TR_WARNING, TR_DICT("time_us", tr_int(0), "text", tr_string("slow"), "name", tr_string("engine")), false,
	      "1970-01-01T00:00:00.000000Z warning  engine: slow\n");
}

static void a_report_has_a_line_for_each_part(void **state)
{
	(void)state;
	check(TR_ERROR,
	      TR_DICT("time_us", tr_int(0), "report", tr_string("crash"), "text", tr_string("an actor crashed"),
		      "label", tr_string("worker"), "note", tr_nil(), "reason", tr_string("one\ntwo"), "dropped",
		      tr_int(0), "backtrace", tr_array(), "last_messages", TR_LIST(tr_int(1), tr_string("a\nb"))),
	      false,
	      "1970-01-01T00:00:00.000000Z error   : an actor crashed\n    label: worker\n    reason: one\n        "
	      "two\n    last_messages:\n        1\n        a\n        b\n");
}

static void text_cannot_forge_lines_or_drive_a_terminal(void **state)
{
	(void)state;
	check(TR_INFO, TR_DICT("time_us", tr_int(0), "text", tr_string("a\x1b[31mb\rc\td"), "name", tr_string("x\ny")),
	      false, "1970-01-01T00:00:00.000000Z info     x y: a\\x1b[31mb\\x0dc d\n");
	check(TR_INFO, TR_DICT("time_us", tr_int(0), "text", tr_string("first\nsecond")), false,
	      "1970-01-01T00:00:00.000000Z info    : first\n    second\n");
}

static void color_only_when_asked(void **state)
{
	(void)state;
	check(TR_ERROR, TR_DICT("time_us", tr_int(0), "text", tr_string("bad")), true,
	      "\033[31m1970-01-01T00:00:00.000000Z error   : bad\033[0m\n");
	check(TR_INFO, TR_DICT("time_us", tr_int(0), "text", tr_string("fine")), true,
	      "1970-01-01T00:00:00.000000Z info    : fine\n");
}

static void nothing(void *data)
{
	(void)data;
}

static void what_json_cannot_say_is_shown(void **state)
{
	static const tr_class class = {"thing", nothing};
	static char thing;
	tr_buf out = {0};
	tr_value record = TR_DICT("time_us", tr_int(1), "level", tr_string("info"), "text", tr_string("x"), "thing",
				  tr_object(&class, &thing));

	(void)state;
	log_json(&out, record);
	assert_int_equal(out.err, TR_OK);
	assert_int_equal(out.p[0], '{');
	assert_non_null(strstr(out.p, "thing"));
	assert_ptr_equal(strchr(out.p, '\n'), out.p + out.n - 1);
	tr_buf_fini(&out);
	tr_drop(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_is_one_line),
	    cmocka_unit_test(a_report_has_a_line_for_each_part),
	    cmocka_unit_test(text_cannot_forge_lines_or_drive_a_terminal),
	    cmocka_unit_test(color_only_when_asked),
	    cmocka_unit_test(what_json_cannot_say_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
