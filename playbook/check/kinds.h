/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What tool kinds take: the inputs of each, described once. The checker judges by it what is written out in a task, the
 * JSON Schema is written from it, and a plugin's manifest may have one of its own (kind_read.h). How a kind works is
 * its plugin's business.
 */
#ifndef TROUPE_PLAYBOOK_KINDS_H
#define TROUPE_PLAYBOOK_KINDS_H

#include <troupe/base.h>

typedef struct tool_kind tool_kind;

/** What a text must look like, or which numbers are meant. */
typedef enum input_form {
	FORM_ANY,
	FORM_SECONDS,  /* a number above 0 */
	FORM_FULL,     /* text that is not empty */
	FORM_METHOD,   /* of HTTP */
	FORM_WEB,      /* http://… or https://… */
	FORM_SERVERS,  /* of NATS, with commas between them */
	FORM_VARIABLE, /* the name of an environment variable */
	FORM_SUBJECT,  /* words between dots, none of them a wildcard */
	FORM_BUCKET,   /* of NATS */
	FORM_BUCKET_KEY,
	FORM_DELIMITER,
	FORM_HEADER /* the name of one of HTTP */
} input_form;

typedef struct kind_key {
	const char *key;
	const char *doc;
	bool body;        /* somebody else's language (code, commands, SQL): templates in it may fail to parse */
	bool null_counts; /* an explicit null is a value, too */
	const char *const *values; /* NULL-terminated; NULL: anything */
	unsigned shapes;           /* shape bits (schema.h) of what is written out; 0: anything */
	unsigned items;            /* the same of the items of a list and the values of a mapping */
	input_form form;           /* of a text or number, and of the items of a list */
	input_form names;          /* of a mapping's keys */
	double min, max;           /* of a number; both 0: any */
	const char *such_as;       /* an example, for who wrote something else; NULL */
	const tool_kind *of;       /* what the mapping there holds; NULL: anything */
	const tool_kind *variants; /* the same by its `kind`, or `type`; NULL */
	size_t variant_count;
	const char *never; /* it is taken elsewhere, not here: what to do instead; NULL */
} kind_key;

typedef enum group_rule {
	GROUP_ALL,     /* each of them */
	GROUP_ONE_OF,  /* one of them at least */
	GROUP_AT_MOST, /* one of them at most */
	GROUP_REFUSES  /* none of them is one of `refused` */
} group_rule;

/** Keys that belong together. */
typedef struct kind_group {
	group_rule rule;
	const char *const *keys;    /* NULL-terminated */
	const char *when_key;       /* only when this key … */
	const char *when_value;     /* … is written out as this text; both NULL: always */
	const char *setting;        /* a setting of the plugin that serves as well; NULL */
	const char *hint;           /* NULL */
	const char *needed;         /* GROUP_ONE_OF: how messages name them; NULL: all of `keys` */
	const char *const *refused; /* GROUP_REFUSES: NULL-terminated */
} kind_group;

/** A mapping: of a task, or of one of its inputs. */
struct tool_kind {
	const char *name;
	const char *doc;
	const kind_key *keys;
	size_t key_count;
	const char *const *required; /* NULL-terminated: each must be there */
	const char *const *one_of;   /* NULL-terminated: at least one must be there */
	const kind_group *groups;
	size_t group_count;
	const tool_kind *auth; /* a credential that is written out; NULL: nothing is said of it */
	const char *what;      /* for messages; NULL: a task of kind `name` */
	bool with_task;        /* of a credential: what it lacks may stand in the task */
};

/** NULL when it is not a built-in one. */
const tool_kind *kind_find(tr_str name);
const kind_key *kind_key_find(const tool_kind *kind, tr_str key);
/** All of them, for suggestions and the JSON Schema. */
const tool_kind *const *kind_table(size_t *count);

#endif
