/* SPDX-License-Identifier: Apache-2.0 */
/** The inputs of an HTTP request: of the kind http, and of a transfer's places of that kind. */
#ifndef TROUPE_PLAYBOOK_KINDS_HTTP_H
#define TROUPE_PLAYBOOK_KINDS_HTTP_H

#include "playbook/check/kind_macros.h"

extern const tool_kind http_timeout;

#define HTTP_URL_KEY(name, text)                                                      \
	{                                                                             \
		.key = (name), .doc = (text), .shapes = SHAPE_TEXT, .form = FORM_WEB, \
		.such_as = "such as https://host/path"                                \
	}

#define HTTP_KEYS                                                                                   \
	{.key = "method",                                                                           \
	 .doc = "GET (default), POST, PUT, PATCH, DELETE, HEAD, OPTIONS",                           \
	 .shapes = SHAPE_TEXT,                                                                      \
	 .form = FORM_METHOD},                                                                      \
	    HTTP_URL_KEY("url", "Where to"), HTTP_URL_KEY("endpoint", "Where to; the same as url"), \
	    {.key = "params",                                                                       \
	     .doc = "Query parameters; null ones are left out",                                     \
	     .shapes = SHAPE_MAP,                                                                   \
	     .such_as = "such as params: { page: 1 }"},                                             \
	    {.key = "headers",                                                                      \
	     .doc = "Request headers",                                                              \
	     .shapes = SHAPE_MAP,                                                                   \
	     .names = FORM_HEADER,                                                                  \
	     .such_as = "such as headers: { Accept: text/csv }"},                                   \
	    ANY_KEY("json", "Body, sent as JSON"), ANY_KEY("body", "Body as it is"),                \
	    ANY_KEY("payload", "Body, sent as JSON when it is not text"),                           \
	    ANY_KEY("data", "Body as it is, or form fields"), MAP_KEY("form", "Form fields"),       \
	    {.key = "files",                                                                        \
	     .doc = "Files of a multipart form",                                                    \
	     .shapes = SHAPE_MAP,                                                                   \
	     .items = SHAPE_TEXT | SHAPE_MAP},                                                      \
	    {.key = "timeout",                                                                      \
	     .doc = "Seconds, or a mapping of connect, read and total",                             \
	     .shapes = SHAPE_NUMBER | SHAPE_MAP,                                                    \
	     .form = FORM_SECONDS,                                                                  \
	     .max = 86400,                                                                          \
	     .of = &http_timeout},                                                                  \
	    BOOL_KEY("verify_ssl", "Check the server's certificate (default true)"),                \
	    {.key = "follow_redirects",                                                             \
	     .doc = "Follow redirects (default true), or how many",                                 \
	     .shapes = SHAPE_BOOL | SHAPE_INT,                                                      \
	     .max = 50},                                                                            \
	    COUNT_KEY("max_body", "Most bytes of a body that are read", 1, COUNT_MOST),             \
	    BOOL_KEY("stream", "Put a large body into the artifact store even when it is JSON"),    \
	{                                                                                           \
		.key = "proxy", .doc = "Address of a proxy; empty: none", .shapes = SHAPE_TEXT      \
	}

/** One body; fields and files of a form go together. */
#define HTTP_GROUPS                                                                        \
	{.rule = GROUP_AT_MOST, .keys = NAMES("json", "body", "payload", "data", "form")}, \
	    {.rule = GROUP_AT_MOST, .keys = NAMES("json", "files")},                       \
	    {.rule = GROUP_AT_MOST, .keys = NAMES("body", "files")},                       \
	    {.rule = GROUP_AT_MOST, .keys = NAMES("payload", "files")},                    \
	{                                                                                  \
		.rule = GROUP_AT_MOST, .keys = NAMES("data", "files")                      \
	}

#endif
