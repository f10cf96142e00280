/* SPDX-License-Identifier: Apache-2.0 */
/** Short forms for tables of inputs. */
#ifndef TROUPE_PLAYBOOK_KIND_MACROS_H
#define TROUPE_PLAYBOOK_KIND_MACROS_H

#include "playbook/check/kinds.h"
#include "playbook/check/schema.h"

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define KEYS(table)   .keys = (table), .key_count = sizeof(table) / sizeof *(table)
#define GROUPS(table) .groups = (table), .group_count = sizeof(table) / sizeof *(table)

#define TEXT_KEY(name, text)                                       \
	{                                                          \
		.key = (name), .doc = (text), .shapes = SHAPE_TEXT \
	}
#define FULL_KEY(name, text)                                                          \
	{                                                                             \
		.key = (name), .doc = (text), .shapes = SHAPE_TEXT, .form = FORM_FULL \
	}
#define BOOL_KEY(name, text)                                       \
	{                                                          \
		.key = (name), .doc = (text), .shapes = SHAPE_BOOL \
	}
#define MAP_KEY(name, text)                                       \
	{                                                         \
		.key = (name), .doc = (text), .shapes = SHAPE_MAP \
	}
#define ANY_KEY(name, text)                  \
	{                                    \
		.key = (name), .doc = (text) \
	}
#define SECONDS_KEY(name, text)                                                            \
	{                                                                                  \
		.key = (name), .doc = (text), .shapes = SHAPE_NUMBER, .form = FORM_SECONDS \
	}
/** A whole number from `least` to `most`. */
#define COUNT_KEY(name, text, least, most)                                                       \
	{                                                                                        \
		.key = (name), .doc = (text), .shapes = SHAPE_INT, .min = (least), .max = (most) \
	}
#define CHOICE_KEY(name, text, ...)                                                              \
	{                                                                                        \
		.key = (name), .doc = (text), .shapes = SHAPE_TEXT, .values = NAMES(__VA_ARGS__) \
	}

/** Of whole numbers that nothing else bounds. */
#define COUNT_MOST 9e15

extern const tool_kind kind_http, kind_nats, kind_artifact, kind_noop, kind_playbook, kind_python, kind_secrets,
    kind_shell, kind_workbook;
extern const tool_kind kind_duckdb, kind_postgres, kind_snowflake, kind_transfer;

#endif
