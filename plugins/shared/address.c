/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as 16 bytes: an IPv4 address stands behind ::ffff. */
#include "plugins/shared/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct address {
	unsigned char b[16];
} address;

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char compatible[12] = {0};
static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
static const unsigned char local_nat64[6] = {0x00, 0x64, 0xff, 0x9b, 0, 1};
static const unsigned char teredo[4] = {0x20, 0x01, 0, 0};

static bool of_socket(const struct sockaddr *from, address *to)
{
	if (from->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, from, sizeof in);
		memcpy(to->b, mapped, sizeof mapped);
		memcpy(to->b + 12, &in.sin_addr, 4);
		return true;
	}
	if (from->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, from, sizeof in6);
		memcpy(to->b, &in6.sin6_addr, 16);
		return true;
	}
	return false;
}

/* With or without brackets and a zone. */
static bool of_text(const char *text, size_t n, address *to)
{
	char z[INET6_ADDRSTRLEN + 1];
	const char *zone = memchr(text, '%', n);
	unsigned char four[4];

	n = zone != NULL ? (size_t)(zone - text) : n;
	if (n > 0 && text[0] == '[')
		text++, n--;
	if (n > 0 && text[n - 1] == ']')
		n--;
	if (n == 0 || n >= sizeof z)
		return false;
	memcpy(z, text, n);
	z[n] = '\0';
	if (inet_pton(AF_INET6, z, to->b) == 1)
		return true;
	if (inet_pton(AF_INET, z, four) != 1)
		return false;
	memcpy(to->b, mapped, sizeof mapped);
	memcpy(to->b + 12, four, 4);
	return true;
}

static bool local_four(const unsigned char b[4])
{
	static const unsigned char services[][4] = {
	    {100, 100, 100, 200}, {192, 0, 0, 192}, {168, 63, 129, 16}}; /* Alibaba, Oracle, Azure */

	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (memcmp(b, services[i], 4) == 0)
			return true;
	return b[0] == 169 && b[1] == 254;
}

/* The IPv4 address that a tunnel or translator would go on to: 6to4, local NAT64 (RFC 6052 has five places for it), and
 * Teredo, which hides it by turning its bits. */
static bool local_inside(const unsigned char b[16])
{
	unsigned char four[4];

	if (b[0] == 0x20 && b[1] == 0x02)
		return local_four(b + 2);
	if (memcmp(b, teredo, sizeof teredo) == 0) {
		for (size_t i = 0; i < 4; i++)
			four[i] = (unsigned char)~b[12 + i];
		return local_four(four) || local_four(b + 4);
	}
	if (memcmp(b, local_nat64, sizeof local_nat64) != 0)
		return false;
	memcpy(four, (unsigned char[]){b[6], b[7], b[9], b[10]}, 4);
	bool near = local_four(four);
	memcpy(four, (unsigned char[]){b[7], b[9], b[10], b[11]}, 4);
	near = near || local_four(four);
	return near || local_four(b + 9) || local_four(b + 12);
}

static bool is_local(const address *a)
{
	static const unsigned char aws[16] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
	const unsigned char *b = a->b;

	if (memcmp(b, mapped, 12) == 0 || memcmp(b, compatible, 12) == 0 || memcmp(b, nat64, 12) == 0)
		return local_four(b + 12);
	return local_inside(b) || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || memcmp(b, aws, 16) == 0;
}

bool address_is_local(const struct sockaddr *from)
{
	address a;

	return of_socket(from, &a) && is_local(&a);
}

bool address_text_is_local(const char *text)
{
	address a;

	return of_text(text, strlen(text), &a) && is_local(&a);
}

tr_value address_list_tries(tr_value addresses, bool link_local)
{
	tr_value tries = tr_array();

	for (size_t i = 0; i < tr_array_len(addresses) && tr_array_len(tries) < ADDRESS_TRIES; i++) {
		tr_value one = tr_array_at(addresses, i);
		if (link_local || !address_text_is_local(tr_as_cstr(one, "")))
			tries = tr_array_push(tries, tr_keep(one));
	}
	return tries;
}

/* The length of a prefix behind a slash; negative when it is none. */
static int prefix_bits(const char *p, size_t n, bool four)
{
	int bits = 0;

	for (size_t i = 0; i < n && i < 4; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		bits = 10 * bits + (p[i] - '0');
	}
	if (n == 0 || n > 3 || bits > (four ? 32 : 128))
		return -1;
	return bits + (four ? 96 : 0);
}

static bool in_network(const address *a, tr_str network)
{
	const char *slash = network.n == 0 ? NULL : memchr(network.p, '/', network.n);
	size_t n = slash == NULL ? network.n : (size_t)(slash - network.p);
	address base;

	if (!of_text(network.p, n, &base))
		return false;
	bool four = memchr(network.p, ':', n) == NULL;
	int bits = slash == NULL ? 128 : prefix_bits(slash + 1, network.n - n - 1, four);
	if (bits < 0)
		return false;
	for (size_t i = 0; i < 16 && bits > 0; i++) {
		unsigned char mask = (unsigned char)(bits >= 8 ? 0xff : 0xff << (8 - bits));
		if ((a->b[i] & mask) != (base.b[i] & mask))
			return false;
		bits -= bits >= 8 ? 8 : bits;
	}
	return true;
}

static bool in_any(const address *a, tr_value networks)
{
	for (size_t i = 0; i < tr_array_len(networks); i++)
		if (in_network(a, tr_as_str(tr_array_at(networks, i))))
			return true;
	return false;
}

bool address_in(const struct sockaddr *from, tr_value networks)
{
	address a;

	return of_socket(from, &a) && in_any(&a, networks);
}

/* Without the dot that says that a name is whole. */
static size_t name_length(const char *p, size_t n)
{
	return n > 1 && p[n - 1] == '.' ? n - 1 : n;
}

static bool named(const char *host, tr_str pattern)
{
	size_t n = name_length(host, strlen(host));

	pattern.n = name_length(pattern.p, pattern.n);

	if (pattern.n > 2 && pattern.p[0] == '*' && pattern.p[1] == '.')
		return n >= pattern.n && strncasecmp(host + n - (pattern.n - 1), pattern.p + 1, pattern.n - 1) == 0;
	return n == pattern.n && strncasecmp(host, pattern.p, n) == 0;
}

tr_value address_list_fault(tr_value list)
{
	address a;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_str s = tr_as_str(tr_array_at(list, i));
		const char *slash = s.n == 0 ? NULL : memchr(s.p, '/', s.n);
		size_t n = slash == NULL ? s.n : (size_t)(slash - s.p);
		bool four = s.n > 0 && memchr(s.p, ':', n) == NULL;
		bool network = slash != NULL && of_text(s.p, n, &a) && prefix_bits(slash + 1, s.n - n - 1, four) >= 0;
		if (s.n == 0 || memchr(s.p, '\0', s.n) != NULL || (slash != NULL && !network))
			return tr_array_at(list, i);
	}
	return tr_absent();
}

bool host_in(const char *host, tr_value list)
{
	address a;

	for (size_t i = 0; i < tr_array_len(list); i++)
		if (named(host, tr_as_str(tr_array_at(list, i))))
			return true;
	return of_text(host, strlen(host), &a) && in_any(&a, list);
}
