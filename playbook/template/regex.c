/* SPDX-License-Identifier: Apache-2.0 */
/* PCRE2 with Python's spelling and with limits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "playbook/template/regex.h"

#define MAX_PATTERN 65536
#define MATCH_LIMIT 1000000 /* steps of one match */
#define DEPTH_LIMIT 10000
#define HEAP_KIB    16384

/* What Python spells differently: \Z is PCRE's \z, and \uXXXX its \x{XXXX}. */
static void translate(tr_buf *out, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char next = i + 1 < s.n ? s.p[i + 1] : '\0';
		size_t digits = next == 'u' ? 4 : next == 'U' ? 8 : 0;
		if (s.p[i] != '\\' || next == '\0') {
			tr_buf_putc(out, s.p[i]);
			continue;
		}
		i++;
		if (next == 'Z') {
			tr_buf_puts(out, "\\z");
		} else if (digits != 0 && s.n - i > digits) {
			tr_buf_puts(out, "\\x{");
			tr_buf_put(out, s.p + i + 1, digits);
			tr_buf_putc(out, '}');
			i += digits;
		} else {
			tr_buf_putc(out, '\\');
			tr_buf_putc(out, next);
		}
	}
}

static void compile_failed(struct eval *ev, int code, size_t at)
{
	PCRE2_UCHAR message[160] = ""; /* PCRE2 writes nothing for a code it does not know */

	if (pcre2_get_error_message(code, message, sizeof(message)) == PCRE2_ERROR_BADDATA)
		ev_fail(ev, TR_ESYNTAX, "regular expression, at %zu: error %d", at, code);
	else
		ev_fail(ev, TR_ESYNTAX, "regular expression, at %zu: %s", at, (const char *)message);
}

bool regex_compile(struct eval *ev, struct regex *r, tr_str pattern, unsigned flags)
{
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C;
	tr_buf text = {0};
	PCRE2_SIZE at = 0;
	int code = 0;

	memset(r, 0, sizeof(*r));
	if (pattern.n > MAX_PATTERN || !ev_spend(ev, pattern.n)) {
		ev_fail(ev, TR_ELIMIT, "the regular expression is too long");
		return false;
	}
	options |= (flags & REGEX_IGNORE_CASE) ? PCRE2_CASELESS : 0;
	options |= (flags & REGEX_MULTI_LINE) ? PCRE2_MULTILINE : 0;
	options |= (flags & REGEX_DOT_ALL) ? PCRE2_DOTALL : 0;
	options |= (flags & REGEX_EXTENDED) ? PCRE2_EXTENDED : 0;
	translate(&text, pattern);
	if (text.err == TR_OK)
		r->code = pcre2_compile((PCRE2_SPTR)(text.n > 0 ? text.p : ""), text.n, options, &code, &at, NULL);
	tr_buf_fini(&text);
	if (r->code == NULL) {
		compile_failed(ev, code, at);
		return false;
	}
	r->data = pcre2_match_data_create_from_pattern(r->code, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (r->data == NULL || r->context == NULL) {
		regex_free(r);
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	pcre2_set_match_limit(r->context, MATCH_LIMIT);
	pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(r->context, HEAP_KIB);
	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
	return true;
}

void regex_free(struct regex *r)
{
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->context);
	pcre2_code_free(r->code);
	memset(r, 0, sizeof(*r));
}

int regex_match(struct eval *ev, struct regex *r, tr_str s, size_t from)
{
	if (!ev_spend(ev, 10 + (s.n - from) / 64))
		return -1;
	int found =
	    pcre2_match(r->code, (PCRE2_SPTR)(s.n > 0 ? s.p : ""), s.n, from, PCRE2_NO_UTF_CHECK, r->data, r->context);
	if (found > 0)
		return 1;
	if (found == PCRE2_ERROR_NOMATCH)
		return 0;
	ev_fail(ev, TR_ELIMIT, "the regular expression takes too many steps on this text");
	return -1;
}

bool regex_group(const struct regex *r, uint32_t group, size_t *start, size_t *end)
{
	const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(r->data);

	if (group > r->groups || bounds[2 * group] == PCRE2_UNSET)
		return false;
	*start = bounds[2 * group];
	*end = bounds[2 * group + 1];
	return *start <= *end; /* \K in a look-around may turn them round */
}

int regex_named(const struct regex *r, const char *name)
{
	int n = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);

	return n < 0 ? -1 : n;
}
