/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The file of credentials: name -> fields, encrypted as a whole (XChaCha20-Poly1305; a passphrase goes through
 * argon2id). Blocking calls without actors: the command line uses them as they are, the plugin `credentials` on the
 * dirty pool.
 */
#ifndef TROUPE_PLUGINS_SHARED_VAULT_H
#define TROUPE_PLUGINS_SHARED_VAULT_H

#include <troupe/value.h>

#define VAULT_TEXT 512

/** Where the key comes from. A file says whether it is locked by a passphrase or a key; a new one is by the first of
 * these that is set. */
typedef struct vault_key {
	const char *passphrase; /* $TROUPE_CREDENTIAL_PASSPHRASE */
	const char *key;        /* $TROUPE_CREDENTIAL_KEY: 64 hexadecimal digits */
	const char *key_file;   /* $TROUPE_CREDENTIAL_KEY_FILE, else credentials.key beside the file: the same digits */
} vault_key;

/** What the environment says. */
vault_key vault_key_of_environment(void);

/** All credentials, a map name -> map of fields (fresh); an empty one when there is no file. Invalid with a text for
 * people in `why`: TR_EDENIED wrong key, TR_ENOENT no key, TR_ECORRUPT, TR_EIO. */
tr_value vault_read(const char *file, const vault_key *key, char why[VAULT_TEXT]);

/** Change it: `change` gets the map (taken) and gives the new one (fresh), or absent to leave all as it is. The file is
 * locked meanwhile and replaced as a whole, readable by its owner only, under the key that it had. A key file is made
 * when there is no key at all and no file yet. */
tr_err vault_change(const char *file, const vault_key *key, tr_value (*change)(tr_value all, void *arg), void *arg,
		    char why[VAULT_TEXT]);

/** Lock it by a passphrase from now on, or by a key (key, key_file, else a key file beside it). Both the old and the
 * new one must be at hand. */
tr_err vault_rekey(const char *file, const vault_key *key, bool passphrase, char why[VAULT_TEXT]);

/** Letters, digits, '_', '-', '.', up to 100. */
bool vault_name_valid(const char *name);

#endif
