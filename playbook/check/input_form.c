/* SPDX-License-Identifier: Apache-2.0 */
/* Each form is a question to a text; what is wrong is said in one place. */
#include "playbook/check/input_form.h"
#include "playbook/check/kind_macros.h"
#include <string.h>
#include <strings.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool all_of(tr_str s, const char *letters)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(letters, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

/* ---- questions ---- */

static bool is_full(tr_str s)
{
	return s.n > 0;
}

static bool is_web(tr_str s)
{
	size_t head = s.n > 7 && strncasecmp(s.p, "http://", 7) == 0    ? 7
		      : s.n > 8 && strncasecmp(s.p, "https://", 8) == 0 ? 8
									: 0;

	return head > 0 && memchr("/?#:", s.p[head], 4) == NULL && memchr(s.p, '\0', s.n) == NULL;
}

static bool is_variable(tr_str s)
{
	return all_of(s, LETTERS "_") && !(s.p[0] >= '0' && s.p[0] <= '9');
}

static bool is_bucket(tr_str s)
{
	return all_of(s, LETTERS "-_") && s.n <= 255;
}

/* Dots only between others. */
static bool dots_well(tr_str s)
{
	return s.n > 0 && s.p[0] != '.' && s.p[s.n - 1] != '.' && memmem(s.p, s.n, "..", 2) == NULL;
}

static bool is_bucket_key(tr_str s)
{
	return all_of(s, LETTERS "-_/=.") && dots_well(s) && s.n <= 1000;
}

static bool is_subject(tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool alone = (i == 0 || s.p[i - 1] == '.') && (i + 1 == s.n || s.p[i + 1] == '.');
		if (c <= ' ' || c == 0x7f || (alone && (c == '*' || c == '>')))
			return false;
	}
	return dots_well(s) && s.n <= 1000;
}

static bool is_delimiter(tr_str s)
{
	return s.n == 1 && s.p[0] != '\0' && strchr("\"\r\n", s.p[0]) == NULL;
}

/* As the kind http takes them; servers of today take no others. */
static bool is_header(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == ':' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

static const struct {
	bool (*fits)(tr_str s);
	const char *wanted, *hint;
} forms[] = {
    [FORM_FULL] = {is_full, "must not be empty", NULL},
    [FORM_WEB] = {is_web, "must begin with http:// or https:// and a host", "such as https://host/path"},
    [FORM_VARIABLE] = {is_variable, "takes names of variables: letters, digits and '_'", NULL},
    [FORM_SUBJECT] = {is_subject, "must be words between dots, without blanks and wildcards", "such as orders.new"},
    [FORM_BUCKET] = {is_bucket, "has letters, digits, '-' and '_'", NULL},
    [FORM_BUCKET_KEY] = {is_bucket_key, "has letters, digits and -/_=. , and no dot at its ends", NULL},
    [FORM_HEADER] = {is_header, "has letters, digits and signs of ASCII, no blanks and colons", NULL},
    [FORM_DELIMITER] = {is_delimiter, "must be one character, and no quote or line end", NULL},
};

bool input_form_fits(input_form form, tr_str text)
{
	return (size_t)form >= sizeof forms / sizeof *forms || forms[form].fits == NULL || forms[form].fits(text);
}

const char *input_form_wanted(input_form form)
{
	return forms[form].wanted;
}

/* ---- methods ---- */

/* RFC 9110, tchar. */
static bool is_token(tr_str s)
{
	return all_of(s, LETTERS "!#$%&'*+-.^_`|~") && s.n < 32;
}

static void check_method(loader *l, const yaml_node *n, const where *w)
{
	static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
	char upper[32] = "", hint[120];

	if (!is_token(n->text)) {
		load_fault(l, w, n, "bad-value", NULL, "'method' must be a name such as GET or POST");
		return;
	}
	for (size_t i = 0; i < n->text.n && i < sizeof upper - 1; i++)
		upper[i] = (char)(n->text.p[i] >= 'a' && n->text.p[i] <= 'z' ? n->text.p[i] - 32 : n->text.p[i]);
	suggestion s = load_suggestion(l, tr_s(upper));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(upper, known[i]) == 0)
			return;
		suggest_offer(&s, tr_s(known[i]));
	}
	if (suggest_is_slip(&s)) /* servers may have methods of their own */
		load_fault(l, w, n, "bad-value", suggest_text(&s, hint, sizeof hint), "no method is called '%.*s'",
			   TR_STR(n->text));
}

/* ---- servers of NATS ---- */

static bool is_server(tr_str s)
{
	const char *colon = s.n > 3 ? memmem(s.p, s.n, "://", 3) : NULL;
	tr_str scheme = {s.p, colon == NULL ? 0 : (size_t)(colon - s.p)};
	size_t rest = colon == NULL ? s.n : s.n - scheme.n - 3;

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	return rest > 0 && (colon == NULL || tr_str_is(scheme, "nats") || tr_str_is(scheme, "tls"));
}

static void check_servers(loader *l, const yaml_node *n, const where *w)
{
	const char *p = n->text.p, *end = p + n->text.n;

	do {
		const char *comma = p == end ? NULL : memchr(p, ',', (size_t)(end - p));
		tr_str one = {p, (size_t)((comma == NULL ? end : comma) - p)};
		while (one.n > 0 && *one.p == ' ')
			one = (tr_str){one.p + 1, one.n - 1};
		if (!is_server(one))
			load_fault(l, w, n, "bad-value", "such as nats://host:4222, or tls://host:4222",
				   "'%.*s' is no address of a NATS server", TR_STR(one));
		p = comma == NULL ? end : comma + 1;
	} while (p < end);
}

/* ---- numbers ---- */

static bool is_bounded(const kind_key *k)
{
	return k->min < k->max;
}

static bool in_range(const kind_key *k, double v)
{
	if (k->form == FORM_SECONDS)
		return v > 0 && (k->max == 0 || v <= k->max);
	return !is_bounded(k) || (v >= k->min && v <= k->max);
}

/* ---- what is wanted ---- */

static void put_number(const kind_key *k, tr_buf *to)
{
	const char *what = (k->shapes & SHAPE_FLOAT) == 0 ? "a whole number" : "a number";

	if (k->form == FORM_SECONDS)
		tr_buf_puts(to, "seconds above 0");
	else if (!is_bounded(k))
		tr_buf_puts(to, what);
	else if (k->max >= COUNT_MOST)
		tr_buf_putf(to, "%s of at least %.10g", what, k->min);
	else
		tr_buf_putf(to, "%s from %.10g to %.10g", what, k->min, k->max);
}

void input_wanted(const kind_key *k, tr_buf *to)
{
	unsigned rest = k->shapes & ~(unsigned)SHAPE_NUMBER;
	bool number = (k->shapes & SHAPE_NUMBER) != 0;

	if (number)
		put_number(k, to);
	if (number && rest != 0)
		tr_buf_puts(to, k->of != NULL ? ", or " : " or ");
	shapes_text(rest, to);
	for (size_t i = 0; k->of != NULL && i < k->of->key_count; i++)
		tr_buf_putf(to, "%s%s",
			    i == 0                      ? " of "
			    : i + 1 == k->of->key_count ? " and "
							: ", ",
			    k->of->keys[i].key);
}

static void number_fault(loader *l, const kind_key *k, const yaml_node *n, const where *w)
{
	tr_buf wanted = {0};

	input_wanted(k, &wanted);
	if (k->form == FORM_SECONDS && k->max > 0 && tr_as_float(n->value, 0) > k->max)
		tr_buf_putf(&wanted, ", at most %.0f", k->max);
	load_fault(l, w, n, "bad-value", k->such_as, "'%s' must be %s, not %.*s", k->key,
		   wanted.p == NULL ? "" : wanted.p, TR_STR(n->text));
	tr_buf_fini(&wanted);
}

void input_form_check(loader *l, const kind_key *k, const yaml_node *n, const where *w)
{
	if (n->kind != YAML_SCALAR)
		return;
	if (!is_text(n)) {
		double v = tr_as_float(n->value, 0);
		if ((tr_is(n->value, TR_INT) || tr_is(n->value, TR_FLOAT)) && !in_range(k, v))
			number_fault(l, k, n, w);
	} else if (k->form == FORM_METHOD) {
		check_method(l, n, w);
	} else if (k->form == FORM_SERVERS) {
		check_servers(l, n, w);
	} else if (!input_form_fits(k->form, n->text)) {
		load_fault(l, w, n, "bad-value", forms[k->form].hint, "'%s' %s%s%.*s%s", k->key, forms[k->form].wanted,
			   n->text.n > 0 ? ", not '" : "", (int)(n->text.n < 80 ? n->text.n : 80),
			   n->text.n > 0 ? n->text.p : "", n->text.n > 0 ? "'" : "");
	}
}
