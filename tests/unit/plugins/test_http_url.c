/* SPDX-License-Identifier: Apache-2.0 */
/* URLs that are taken as they are: only where libcurl would not change them and sees the same host. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/request.h"
#include <string.h>

#define TRIES 200000

static bool plain(const char *url)
{
	tr_str host;

	return http_url_is_plain(tr_s(url), &host);
}

static void everyday_urls_are_plain(void **state)
{
	(void)state;
	assert_true(plain("http://example.com/"));
	assert_true(plain("https://api.example.com:8443/v1/items/17?page=2&sort=-name"));
	assert_true(plain("http://127.0.0.1:8080/"));
	assert_true(plain("http://localhost/a.b/c~d"));
}

static void what_can_be_read_in_two_ways_is_not(void **state)
{
	static const char *const urls[] = {
	    "",
	    "http://",
	    "http:///",
	    "http://example.com",
	    "ftp://example.com/",
	    "HTTP://example.com/",
	    "http://EXAMPLE.com/",
	    "http://me@example.com/",
	    "http://me:secret@example.com/",
	    "http://example.com\\@other/",
	    "http://[::1]/",
	    "http://127.1/",
	    "http://2130706433/",
	    "http://0x7f000001/",
	    "http://0177.0.0.1/",
	    "http://127.0.0.01/",
	    "http://127.0.0.1./",
	    "http://example.com./",
	    "http://example..com/",
	    "http://.example.com/",
	    "http://example.com:/",
	    "http://example.com:080/",
	    "http://example.com:65536/",
	    "http://example.com:8o/",
	    "http://example.com/../a",
	    "http://example.com/a/./b",
	    "http://example.com/%2e%2e/a",
	    "http://example.com/a b",
	    "http://example.com/a#b",
	    "http://example.com/a?",
	    "http://žluť.cz/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		if (plain(urls[i]))
			fail_msg("taken as it is: %s", urls[i]);
}

static void check_same(const char *url, tr_str host)
{
	CURLU *u = curl_url();
	char *whole = NULL, *its = NULL, *user = NULL;

	assert_non_null(u);
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_URLENCODE) != CURLUE_OK)
		fail_msg("libcurl does not take %s", url);
	assert_int_equal(curl_url_get(u, CURLUPART_URL, &whole, 0), CURLUE_OK);
	assert_int_equal(curl_url_get(u, CURLUPART_HOST, &its, 0), CURLUE_OK);
	assert_int_equal(curl_url_get(u, CURLUPART_USER, &user, 0), CURLUE_NO_USER);
	assert_string_equal(whole, url);
	assert_true(tr_str_is(host, its));
	curl_free(whole);
	curl_free(its);
	curl_url_cleanup(u);
}

/* Parts of URLs, good and bad ones, in any order. */
static void libcurl_agrees(void **state)
{
	static const char *const parts[] = {"a",  "b.c", "example.com", "1",  "127.0.0.1", "0x7f", ".", "..", "/",
					    "//", ":",   ":80",         "@",  "?",         "&x=y", "#", "%",  "%2f",
					    "-",  "_",   "~",           ";p", "A",         "0",    ",", "[",  " "};
	uint64_t seed = 4711;
	size_t taken = 0;

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		char url[160] = "http://";
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		uint64_t choice = seed;
		for (uint64_t n = 1 + choice % 7; n > 0; n--) {
			choice /= 27;
			strcat(url, parts[choice % (sizeof parts / sizeof *parts)]);
		}
		tr_str host;
		if (http_url_is_plain(tr_s(url), &host)) {
			check_same(url, host);
			taken++;
		}
	}
	assert_true(taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everyday_urls_are_plain),
	    cmocka_unit_test(what_can_be_read_in_two_ways_is_not),
	    cmocka_unit_test(libcurl_agrees),
	};
	return cmocka_run_group_tests_name("http urls", tests, NULL, NULL);
}
