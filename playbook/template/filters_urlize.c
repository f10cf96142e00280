/* SPDX-License-Identifier: Apache-2.0 */
/* urlize: addresses in text become links. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/regex.h"

/* A web address: with a scheme or www. and a top-level domain, a plain domain of a well-known kind, or a number. */
static const char web_pattern[] =
    "^(?:(?:https?://|www\\.)(?:(?:[\\w%-]+\\.)+)?(?:[a-z]{2,63}|xn--[\\w%]{2,59})"
    "|(?:[\\w%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)"
    "|(?:https?://)(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\]))"
    "(?::\\d{1,5})?(?:[/?#]\\S*)?$";
static const char mail_pattern[] = "^\\S+@\\w[\\w.-]*\\.\\w+$";

struct link {
	struct eval *ev;
	tr_buf *out;
	struct regex web, mail;
	int64_t trim;       /* -1: links are shown whole */
	tr_str rel, target; /* escaped, may be empty */
	tr_value schemes;
};

static bool starts(tr_str s, const char *z)
{
	size_t n = strlen(z);

	return n <= s.n && memcmp(s.p, z, n) == 0;
}

/* Length of the bracket that s begins with: ( or < or &lt;, or their closing kin. 0: none. */
static size_t bracket(tr_str s, bool opening)
{
	const char *const *one;
	static const char *const open[] = {"(", "<", "&lt;", NULL};
	static const char *const close[] = {")", ">", ".", ",", "\n", "&gt;", NULL};

	for (one = opening ? open : close; *one != NULL; one++)
		if (starts(s, *one))
			return strlen(*one);
	return 0;
}

static size_t count(tr_str s, const char *z)
{
	tr_str needle = tr_s(z);
	size_t n = 0;

	for (ptrdiff_t at; (at = text_find(s, needle, false)) >= 0; n++) {
		s.p += (size_t)at + needle.n;
		s.n -= (size_t)at + needle.n;
	}
	return n;
}

/* Where the run of closing marks at the end of s begins. */
static size_t tail_start(tr_str s)
{
	size_t at = s.n;

	while (at > 0) {
		if (bracket((tr_str){s.p + at - 1, 1}, false) == 1)
			at--;
		else if (at >= 4 && memcmp(s.p + at - 4, "&gt;", 4) == 0)
			at -= 4;
		else
			break;
	}
	return at;
}

/* A closing bracket whose partner is inside the address belongs to it. */
static size_t balance(tr_str word, size_t end)
{
	static const char *const pairs[3][2] = {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};

	for (unsigned i = 0; i < 3; i++) {
		tr_str close = tr_s(pairs[i][1]);
		size_t opened = count((tr_str){word.p, end}, pairs[i][0]);
		if (opened <= count((tr_str){word.p, end}, pairs[i][1]))
			continue;
		for (size_t k = 0; k < opened; k++) {
			ptrdiff_t at = text_find((tr_str){word.p + end, word.n - end}, close, false);
			if (at < 0)
				break;
			end += (size_t)at + close.n;
		}
	}
	return end;
}

static void put_link(struct link *l, const char *scheme, tr_str address, tr_str shown, bool plain)
{
	size_t cut = l->trim >= 0 && !plain && (int64_t)uni_count(shown) > l->trim ? uni_offset(shown, (size_t)l->trim)
										   : shown.n;

	tr_buf_putf(l->out, "<a href=\"%s%.*s\"", scheme, TR_STR(address));
	if (!plain && l->rel.n > 0)
		tr_buf_putf(l->out, " rel=\"%.*s\"", TR_STR(l->rel));
	if (!plain && l->target.n > 0)
		tr_buf_putf(l->out, " target=\"%.*s\"", TR_STR(l->target));
	tr_buf_putf(l->out, ">%.*s%s</a>", (int)cut, shown.p, cut < shown.n ? "..." : "");
}

static bool put_scheme_links(struct link *l, tr_str s)
{
	for (size_t i = 0; i < tr_array_len(l->schemes); i++) {
		tr_str scheme = tr_as_str(tr_array_at(l->schemes, i));
		if (s.n > scheme.n && memcmp(s.p, scheme.p, scheme.n) == 0) {
			int64_t trim = l->trim;
			l->trim = -1;
			put_link(l, "", s, s, false);
			l->trim = trim;
			return true;
		}
	}
	return false;
}

/* The middle of a word, without the brackets and full stops around it. */
static bool put_middle(struct link *l, tr_str s)
{
	int web = s.n > 0 ? regex_match(l->ev, &l->web, s, 0) : 0, mail = 0;
	bool to = starts(s, "mailto:");

	if (web < 0)
		return false;
	if (web > 0) {
		put_link(l, starts(s, "https://") || starts(s, "http://") ? "" : "https://", s, s, false);
		return true;
	}
	tr_str address = to ? (tr_str){s.p + 7, s.n - 7} : s;
	if (memchr(address.p, '@', address.n) != NULL && (to || (!starts(s, "www.") && memchr(s.p, ':', s.n) == NULL)))
		mail = regex_match(l->ev, &l->mail, address, 0);
	if (mail < 0)
		return false;
	if (mail > 0)
		put_link(l, to ? "" : "mailto:", s, address, true);
	else if (!put_scheme_links(l, s))
		tr_buf_put(l->out, s.p, s.n);
	return true;
}

static bool put_word(struct link *l, tr_str word)
{
	size_t head = 0, n, end;

	while ((n = bracket((tr_str){word.p + head, word.n - head}, true)) > 0)
		head += n;
	tr_buf_put(l->out, word.p, head);
	word = (tr_str){word.p + head, word.n - head};
	end = balance(word, tail_start(word));
	if (!put_middle(l, (tr_str){word.p, end}))
		return false;
	tr_buf_put(l->out, word.p + end, word.n - end);
	return true;
}

static bool put_words(struct link *l, tr_str s)
{
	size_t n;

	while (s.n > 0) {
		size_t end = 0;
		bool space = uni_is_space(uni_next(s.p, &n));
		while (end < s.n && uni_is_space(uni_next(s.p + end, &n)) == space)
			end += n;
		if (space)
			tr_buf_put(l->out, s.p, end);
		else if (!put_word(l, (tr_str){s.p, end}))
			return false;
		s = (tr_str){s.p + end, s.n - end};
	}
	return true;
}

/* The words of rel, with noopener and perhaps nofollow, sorted and each once. */
static tr_value rel_words(struct eval *ev, tr_value rel, bool nofollow)
{
	tr_value list = is_text(rel) ? text_split(ev, rel, tr_absent(), -1) : tr_array();
	tr_value args[4] = {tr_absent(), tr_absent(), tr_absent(), tr_absent()}, space = tr_string(" "), text, once;
	const struct native *unique = filter_find(tr_s("unique")), *sort = filter_find(tr_s("sort"));

	list = ev_push(ev, list, ev_text(ev, tr_s("noopener")));
	if (nofollow && tr_is_valid(list))
		list = ev_push(ev, list, ev_text(ev, tr_s("nofollow")));
	args[0] = list;
	args[1] = tr_bool(true);
	once = tr_is_valid(list) ? unique->fn(ev, args) : tr_invalid(TR_ETYPE);
	args[0] = once;
	args[1] = tr_absent();
	args[2] = tr_bool(true);
	text = tr_is_valid(once) ? sort->fn(ev, args) : tr_invalid(TR_ETYPE);
	tr_drop(list);
	tr_drop(once);
	list = text;
	if (!tr_is_valid(space))
		ev_invalid(ev, space);
	text = tr_is_valid(list) && tr_is_valid(space) ? text_join(ev, space, list, true) : tr_invalid(TR_ETYPE);
	tr_drop(list);
	tr_drop(space);
	list = tr_is_valid(text) ? ev_escape(ev, text) : text;
	tr_drop(text);
	return list;
}

static bool scheme_fits(tr_str s)
{
	size_t at = 0;

	while (at < s.n && (uni_is_alnum((unsigned char)s.p[at]) || strchr("_.+-", s.p[at]) != NULL))
		at++;
	if (at < 2 || at >= s.n || s.p[at] != ':')
		return false;
	return s.n - at == 1 || tr_str_is((tr_str){s.p + at, s.n - at}, ":/") ||
	       tr_str_is((tr_str){s.p + at, s.n - at}, "://");
}

static bool check_schemes(struct eval *ev, tr_value schemes)
{
	for (size_t i = 0; i < tr_array_len(schemes); i++) {
		tr_value one = tr_array_at(schemes, i);
		if (is_text(one) && scheme_fits(tr_as_str(one)))
			continue;
		ev_fail(ev, TR_EINVAL, "extra_schemes must be like 'tel:' or 'ftp://'");
		return false;
	}
	return true;
}

static tr_value f_urlize(struct eval *ev, const tr_value *a)
{
	tr_buf out = {.max = ev->memory};
	struct link l = {.ev = ev, .out = &out, .trim = -1, .schemes = tr_absent()};
	tr_value text, rel, target = tr_absent();
	bool nofollow, ok;

	if (!flag(ev, a[2], &nofollow) ||
	    (is_given(a[1]) && !is_none(a[1]) && !ev_index(ev, a[1], "trim_url_limit", &l.trim)))
		return tr_invalid(TR_ETYPE);
	if (is_given(a[5]) && !is_none(a[5]))
		l.schemes = ev_resolve(ev, a[5]);
	text = ev_escape(ev, a[0]);
	rel = rel_words(ev, a[4], nofollow);
	if (is_text(a[3]))
		target = ev_escape(ev, a[3]);
	l.rel = tr_as_str(rel);
	l.target = tr_as_str(target);
	ok = tr_is_valid(text) && tr_is_valid(rel) && check_schemes(ev, l.schemes) &&
	     regex_compile(ev, &l.web, tr_s(web_pattern), REGEX_IGNORE_CASE);
	if (ok) {
		ok = regex_compile(ev, &l.mail, tr_s(mail_pattern), 0) && put_words(&l, tr_as_str(text));
		regex_free(&l.web);
		if (l.mail.code != NULL)
			regex_free(&l.mail);
	}
	if (tr_is_valid(text))
		tr_drop(text);
	tr_drop(rel);
	tr_drop(target);
	if (ok)
		return ev_take_text(ev, &out);
	tr_buf_fini(&out);
	return tr_invalid(ev->error->err);
}

const struct native urlize_filters[] = {
    {"urlize", "trim_url_limit nofollow target rel extra_schemes", 0, f_urlize, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
