/* SPDX-License-Identifier: Apache-2.0 */
/* What of the headers is more than a declaration (macros, inline functions), used from C++17. Ends with 0 when all is right. */
#include <cstdio>
#include <cstring>
#include <troupe/plugin.h>
#include <troupe/troupe.h>

static int failures;

static void expect(bool held, const char *what)
{
	if (held)
		return;
	failures++;
	std::printf("not so: %s\n", what);
}

static void values()
{
	tr_value list = TR_LIST(TR_A(ok), tr_int(7), TR_LIST(tr_string("in it")));
	tr_value map = TR_DICT("one", tr_int(1), "list", list);

	expect(tr_array_len(TR_GET(map, "list")) == 3, "a list has what it was given");
	expect(TR_IS_A(tr_array_at(TR_GET(map, "list"), 0), ok), "in that order");
	expect(tr_as_int(tr_array_at(TR_GET(map, "list"), 1), -1) == 7, "in that order");
	expect(tr_as_int(TR_GET(map, "one"), -1) == 1, "a map has what it was given");
	tr_drop(map);
	expect(tr_value_err(TR_LIST(tr_int(1), tr_invalid(TR_ENOMEM))) == TR_ENOMEM, "an invalid item spoils the list");
}

static void answers(tr_value)
{
	tr_value request = tr_receive(TR_FOREVER);

	tr_send(tr_as_pid(tr_array_at(request, 0)), TR_LIST(TR_A(ok), tr_keep(tr_array_at(request, 1))));
	tr_drop(request);
}

static void asks(tr_value)
{
	tr_pid pid = tr_spawn(answers, tr_nil());

	tr_send(pid, TR_LIST(tr_pid_value(tr_self()), tr_int(42)));
	tr_value answer = tr_receive(tr_in(5 * TR_SECOND));
	expect(tr_as_int(tr_array_at(answer, 1), -1) == 42, "the answer came");
	tr_drop(answer);
}

int main()
{
	values();
	tr_drop(tr_run(nullptr, asks, tr_nil()));
	return failures == 0 ? 0 : 1;
}
