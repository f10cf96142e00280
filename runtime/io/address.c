/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/io/address.h"

static bool copy_part(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
}

static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 5 && text[n] == '\0' && atoi(text) <= 65535;
}

tr_err address_parse(const char *text, struct address *out)
{
	memset(out, 0, sizeof(*out));
	if (text == NULL)
		return TR_EINVAL;
	if (strncmp(text, "unix:", 5) == 0) {
		out->is_unix = true;
		return text[5] != '\0' && copy_part(out->path, sizeof(out->path), text + 5, strlen(text + 5))
			   ? TR_OK
			   : TR_EINVAL;
	}
	const char *colon = strrchr(text, ':');
	if (colon == NULL || !is_port(colon + 1))
		return TR_EINVAL;
	size_t n = (size_t)(colon - text);
	if (text[0] == '[' && n > 1 && text[n - 1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL) {
		return TR_EINVAL; /* without brackets nobody can tell where the port begins */
	}
	copy_part(out->port, sizeof(out->port), colon + 1, strlen(colon + 1));
	return copy_part(out->host, sizeof(out->host), text, n) ? TR_OK : TR_EINVAL;
}

void address_text(const struct sockaddr *sa, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;
		uv_ip4_name(in, host, sizeof(host));
		snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;
		uv_ip6_name(in6, host, sizeof(host));
		snprintf(out, size, "[%s]:%u", host, ntohs(in6->sin6_port));
	}
}

static bool is_number(struct lookup *l, const struct address *a, bool passive)
{
	int port = atoi(a->port);
	const char *host = a->host[0] != '\0' ? a->host : passive ? "0.0.0.0" : "127.0.0.1";

	if (uv_ip4_addr(host, port, (struct sockaddr_in *)(void *)&l->number) == 0)
		l->one.ai_addrlen = sizeof(struct sockaddr_in);
	else if (uv_ip6_addr(host, port, (struct sockaddr_in6 *)(void *)&l->number) == 0)
		l->one.ai_addrlen = sizeof(struct sockaddr_in6);
	else
		return false;
	l->one.ai_addr = (struct sockaddr *)(void *)&l->number;
	return true;
}

static void on_lookup(uv_getaddrinfo_t *ask, int status, struct addrinfo *list)
{
	struct lookup *l = ask->data;

	l->list = list;
	l->done(l, status);
}

void lookup_start(struct reactor *r, struct lookup *l, const struct address *a, bool passive)
{
	struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};

	l->list = NULL;
	if (is_number(l, a, passive)) {
		l->list = &l->one;
		l->done(l, 0);
		return;
	}
	l->ask.data = l;
	int uv_error =
	    uv_getaddrinfo(&r->loop, &l->ask, on_lookup, a->host, a->port[0] != '\0' ? a->port : NULL, &hints);
	if (uv_error != 0)
		l->done(l, uv_error);
}

void lookup_cancel(struct lookup *l)
{
	uv_cancel((uv_req_t *)&l->ask);
}

void lookup_fini(struct lookup *l)
{
	if (l->list != NULL && l->list != &l->one)
		uv_freeaddrinfo(l->list);
	l->list = NULL;
}
