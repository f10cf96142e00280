/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the keychain: what each kind of them takes. Where they are resolved: actors/worker/keychain_resolve.c. */
#include "playbook/check/kind_macros.h"
#include "playbook/check/kinds_http.h"
#include "playbook/model/loader.h"

/* What every entry may have beside what its kind takes. */
static const schema_field own_fields[] = {
    {"kind", NULL, SHAPE_TEXT, 0, "How it is resolved", NULL, NULL},
    {"name", NULL, SHAPE_TEXT, 0, "Its name, or that of the secret", NULL, NULL},
    {"scope", NULL, SHAPE_ANY, 0, "Who shares it", NULL, NULL},
    {"ttl", NULL, SHAPE_ANY, 0, "Seconds that it holds", NULL, NULL},
    {"auto_renew", NULL, SHAPE_ANY, 0, "Resolve it again when it is over", NULL, NULL},
    {"map", NULL, SHAPE_MAP, 0, "Several secrets: field to name", NULL, NULL},
    {"data", NULL, SHAPE_ANY, 0, "Fields", NULL, NULL},
    {"auth", NULL, SHAPE_TEXT | SHAPE_MAP, 0, "Credential", NULL, NULL},
    {"description", NULL, SHAPE_TEXT, 0, "What it is for", NULL, NULL},
    {"desc", NULL, SHAPE_TEXT, 0, "What it is for", NULL, NULL},
};
static const schema_node own = {.name = "keychain_entry",
				.what = "a keychain entry",
				.fields = own_fields,
				.field_count = sizeof own_fields / sizeof *own_fields};

static const kind_key bearer_keys[] = {FULL_KEY("token", "The token")};

static const kind_key oauth2_keys[] = {HTTP_KEYS};
static const kind_group oauth2_groups[] = {HTTP_GROUPS};

static const kind_key secret_keys[] = {
    CHOICE_KEY("provider", "env (default), file, credential, vault, or a cloud's manager", "env", "file", "credential",
	       "vault", "gcp", "google", "gcp_secret_manager", "aws", "aws_secrets_manager"),
    {.key = "version", .doc = "Version of the secret", .shapes = SHAPE_TEXT | SHAPE_NUMBER},
    FULL_KEY("field", "Field of a secret that is a mapping"),
    TEXT_KEY("project", "Project that holds it (gcp)"),
    TEXT_KEY("region", "Region that holds it (aws)"),
    {.key = "address", .doc = "Address of Vault", .shapes = SHAPE_TEXT, .form = FORM_WEB},
    {.key = "endpoint", .doc = "Address of a cloud's manager", .shapes = SHAPE_TEXT, .form = FORM_WEB},
};
static const kind_group secret_groups[] = {{.rule = GROUP_ONE_OF, .keys = NAMES("name", "map")}};

#define ENTRY(kind) .name = (kind), .what = "a keychain entry of kind '" kind "'"

static const tool_kind kinds[] = {
    {ENTRY("static")},
    {ENTRY("bearer"), KEYS(bearer_keys), .required = NAMES("token")},
    {ENTRY("oauth2"), KEYS(oauth2_keys), GROUPS(oauth2_groups), .one_of = NAMES("url", "endpoint")},
    {ENTRY("credential"), KEYS(secret_keys), GROUPS(secret_groups)},
    {ENTRY("secret_manager"), KEYS(secret_keys), GROUPS(secret_groups)},
    {ENTRY("secret"), KEYS(secret_keys), GROUPS(secret_groups)},
};

static void unknown_kind(loader *l, const yaml_node *kind, const where *w)
{
	suggestion s = load_suggestion(l, kind->text);
	size_t count;
	const tool_kind *const *tools = kind_table(&count);
	char hint[120];
	where here = where_key(w, LITERAL("kind"));

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		suggest_offer(&s, tr_s(kinds[i].name));
	for (size_t i = 0; i < count; i++)
		suggest_offer(&s, tr_s(tools[i]->name));
	suggest_text(&s, hint, sizeof hint);
	load_fault(l, &here, kind, "unknown-kind",
		   hint[0] != '\0'
		       ? hint
		       : "static, bearer, oauth2, credential, secret_manager, or a kind of tool whose result "
			 "it is",
		   "no keychain entry has the kind '%.*s'", TR_STR(kind->text));
}

void check_keychain(loader *l, const yaml_node *body, bool named, const where *w)
{
	const yaml_node *kind = yaml_get(body, "kind");
	const tool_kind *found = &kinds[0];

	if (body->kind != YAML_MAPPING || l->options.recorded || (!is_null(kind) && !is_text(kind)) ||
	    (!is_null(kind) && tr_template_has_syntax(kind->text)))
		return;
	for (size_t i = 0; !is_null(kind) && i < sizeof kinds / sizeof *kinds; i++)
		if (tr_str_is(kind->text, kinds[i].name))
			found = &kinds[i];
	if (!is_null(kind) && !tr_str_is(kind->text, found->name)) {
		if (!kind_known(l, kind->text)) {
			unknown_kind(l, kind, w);
			return;
		}
		found = kind_find(kind->text);
	}
	if (found != NULL && found->key_count > 0) /* whatever a static one has is its value */
		check_set(l, found, body, &own, named, w);
}
