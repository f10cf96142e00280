/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where secrets come from. One function a provider; all run in the actor of a command, may block until the deadline,
 * and give the value (fresh: text, or what the place holds), or invalid with an outcome in *fault.
 *
 *   env         name of an environment variable of the node
 *   file        name of a file below the setting `folder` (a mounted secret)
 *   credential  name in the credential store, `field` picks one of it
 *   vault       HashiCorp Vault's HTTP interface, KV version 2: name "mount/path", `field`, `version`
 *   gcp         Google Secret Manager over HTTP: name "projects/P/secrets/S" or S with `project`, `version`
 *   aws         AWS Secrets Manager over HTTP, signed with version 4: name, `region`, `version`
 */
#ifndef TROUPE_PLUGINS_SHARED_SECRETS_PROVIDERS_H
#define TROUPE_PLUGINS_SHARED_SECRETS_PROVIDERS_H

#include <troupe/plugin.h>

typedef struct secret_query {
	tr_value config, input; /* borrowed: the plugin's settings, the task's inputs */
	const char *name;
	int64_t deadline;
	tr_value fault;
} secret_query;

typedef tr_value secret_provider(secret_query *q);

/** The provider of this name; NULL. */
secret_provider *secret_provider_of(tr_str name);
/** Their names, for people: "env, file, …". */
const char *secret_provider_names(void);

secret_provider secret_from_env, secret_from_file, secret_from_store, secret_from_vault, secret_from_gcp,
    secret_from_aws;

/** q->fault is made of this; gives invalid. */
tr_value secret_fault(secret_query *q, const char *kind, bool retryable, const char *fmt, ...) TR_PRINTF(4, 5);
/** A request through the plugin `http`; the body's `data` (fresh), or invalid with q->fault. Takes input. */
tr_value secret_fetch(secret_query *q, tr_value input);
/** The value at the task's `field`, or v itself when it names none. Takes v. */
tr_value secret_field(secret_query *q, tr_value v);

#endif
