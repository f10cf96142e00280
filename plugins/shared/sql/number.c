/* SPDX-License-Identifier: Apache-2.0 */
/* Text to numbers. */
#include "plugins/shared/sql/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_DIGITS 15 /* that a double keeps */

tr_value sql_integer(tr_str text)
{
	char *end;

	errno = 0;
	long long i = strtoll(text.p, &end, 10);
	return errno == 0 && end == text.p + text.n ? tr_int(i) : tr_string_lossy(text.p, text.n);
}

tr_value sql_double(tr_str text)
{
	char *end;
	double d = strtod(text.p, &end);

	return end == text.p + text.n ? tr_float(d) : tr_string_lossy(text.p, text.n);
}

tr_value sql_number(tr_str text)
{
	size_t digits = 0;

	if (memchr(text.p, 'N', text.n) != NULL || memchr(text.p, 'I', text.n) != NULL)
		return sql_double(text);
	if (memchr(text.p, '.', text.n) == NULL)
		return sql_integer(text);
	for (size_t i = 0; i < text.n; i++)
		digits += text.p[i] >= '0' && text.p[i] <= '9';
	return digits <= EXACT_DIGITS ? sql_double(text) : tr_string_lossy(text.p, text.n);
}
