/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads from files and from --set. */
#include "cli/payload.h"

#include "cli/input.h"
#include "playbook/yaml/yaml.h"

#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define PAYLOAD_MAX (16u * 1024u * 1024u)

/* YAML covers JSON, and names the line when it is wrong. */
static tr_value parse(const char *file, tr_str text)
{
	diagnostics faults;
	diagnostics_init(&faults, file);
	yaml_document *doc = yaml_parse(file, text, NULL, &faults);
	tr_value value = tr_invalid(TR_ESYNTAX);
	if (doc != NULL)
		value = yaml_root(doc) == NULL ? tr_map() : yaml_to_value(yaml_root(doc));
	else
		diagnostics_print(&faults, text, stderr, false);
	yaml_free(&doc);
	diagnostics_fini(&faults);
	return value;
}

tr_value payload_read(const char *command, const char *file)
{
	tr_buf text = {0};
	tr_value value = tr_invalid(TR_EIO);
	if (input_read(command, "payload", file, &text))
		value = parse(strcmp(file, "-") == 0 ? "<stdin>" : file, tr_buf_str(&text));
	tr_buf_fini(&text);
	if (tr_is_valid(value) && !tr_is(value, TR_MAP)) {
		fprintf(stderr, "troupe %s: the payload %s must be a mapping, it is of type %s\n", command, file,
			tr_type_name(tr_type_of(value)));
		tr_drop(value);
		value = tr_invalid(TR_ETYPE);
	}
	return value;
}

static tr_value set_path(tr_value map, const char *path, size_t n, tr_value value)
{
	const char *dot = memchr(path, '.', n);
	size_t first = dot == NULL ? n : (size_t)(dot - path);
	tr_value key = tr_string_n(path, first);
	if (dot != NULL) {
		tr_value inner = tr_map_get(map, key);
		inner = tr_is(inner, TR_MAP) ? tr_keep(inner) : tr_map();
		value = set_path(inner, dot + 1, n - first - 1, value);
	}
	return tr_map_put(map, key, value);
}

tr_value payload_set(const char *command, tr_value payload, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	bool good = equals != NULL && equals != assignment && *assignment != '.' && equals[-1] != '.' &&
		    strlen(assignment) < PAYLOAD_MAX;
	for (const char *at = assignment; good && at < equals; at++)
		good = !(at[0] == '.' && at[1] == '.');
	if (!good) {
		fprintf(stderr, "troupe %s: --set takes key=value or outer.inner=value, not '%.100s'\n", command,
			assignment);
		tr_drop(payload);
		return tr_invalid(TR_EINVAL);
	}
	tr_str text = tr_s(equals + 1);
	tr_value value = tr_json_read(text, NULL, NULL);
	if (!tr_is_valid(value))
		value = tr_string_n(text.p, text.n);
	if (!tr_is_valid(value)) {
		fprintf(stderr, "troupe %s: --set %.*s: %s\n", command, (int)(equals - assignment), assignment,
			tr_err_text(tr_value_err(value)));
		tr_drop(payload);
		return value;
	}
	return set_path(payload, assignment, (size_t)(equals - assignment), value);
}
