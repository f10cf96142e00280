/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file: "troupe-credentials 1\n", how the key is made (1 byte), salt (16), operations and memory of argon2id (8
 * each, least significant first), nonce (24), ciphertext of a msgpack map. All before the ciphertext is authenticated
 * with it.
 */
#include "plugins/shared/auth/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <troupe/codec.h>
#include <unistd.h>

#define MAGIC      "troupe-credentials 1\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define SALT_SIZE  crypto_pwhash_SALTBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEY_SIZE   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SALT_AT    (MAGIC_SIZE + 1)
#define OPS_AT     (SALT_AT + SALT_SIZE)
#define MEMORY_AT  (OPS_AT + 8)
#define NONCE_AT   (MEMORY_AT + 8)
#define HEAD_SIZE  (NONCE_AT + NONCE_SIZE)
#define MAX_SIZE   (16u << 20)
#define MAX_OPS    16u
#define MAX_MEMORY (UINT64_C(1) << 30)
#define PATH_SIZE  4096
#define KDF_RAW    0
#define KDF_ARGON2 1

static tr_err say(char *why, tr_err err, const char *fmt, ...) TR_PRINTF(3, 4);
static tr_err say(char *why, tr_err err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, VAULT_TEXT, fmt, args);
	va_end(args);
	return err;
}

static void put_u64(unsigned char *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_u64(const unsigned char *from)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | from[i];
	return v;
}

/* ---- the key ---- */

vault_key vault_key_of_environment(void)
{
	return (vault_key){.passphrase = getenv("TROUPE_CREDENTIAL_PASSPHRASE"),
			   .key = getenv("TROUPE_CREDENTIAL_KEY"),
			   .key_file = getenv("TROUPE_CREDENTIAL_KEY_FILE")};
}

static bool set(const char *text)
{
	return text != NULL && *text != '\0';
}

static tr_err key_from_hex(const char *text, const char *where, unsigned char key[KEY_SIZE], char *why)
{
	size_t n = strcspn(text, " \t\r\n"), got = 0;

	if (n != 2 * KEY_SIZE || sodium_hex2bin(key, KEY_SIZE, text, n, NULL, &got, NULL) != 0 || got != KEY_SIZE)
		return say(why, TR_EINVAL, "the key in %s must be %u hexadecimal digits", where, 2 * KEY_SIZE);
	return TR_OK;
}

static void default_key_file(char out[PATH_SIZE], const char *file)
{
	(void)snprintf(out, PATH_SIZE, "%s.key", file);
}

static tr_err key_from_file(const char *path, unsigned char key[KEY_SIZE], char *why)
{
	char text[256] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return say(why, TR_ENOENT,
			   "there is no key: %s: %s (or set TROUPE_CREDENTIAL_KEY_FILE, TROUPE_CREDENTIAL_KEY or "
			   "TROUPE_CREDENTIAL_PASSPHRASE)",
			   path, strerror(errno));
	bool open_to_all = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (open_to_all)
		return say(why, TR_EDENIED, "the key file %s can be read by others; chmod 600 it", path);
	if (n < 0)
		return say(why, TR_EIO, "the key file %s cannot be read: %s", path, strerror(errno));
	tr_err err = key_from_hex(text, path, key, why);
	sodium_memzero(text, sizeof text);
	return err;
}

static tr_err key_from_passphrase(const char *passphrase, const unsigned char *head, unsigned char key[KEY_SIZE],
				  char *why)
{
	uint64_t ops = get_u64(head + OPS_AT), memory = get_u64(head + MEMORY_AT);

	if (ops < crypto_pwhash_OPSLIMIT_MIN || ops > MAX_OPS || memory < crypto_pwhash_MEMLIMIT_MIN ||
	    memory > MAX_MEMORY)
		return say(why, TR_ECORRUPT, "the file of credentials asks for impossible work to make its key");
	if (crypto_pwhash(key, KEY_SIZE, passphrase, strlen(passphrase), head + SALT_AT, ops, (size_t)memory,
			  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return say(why, TR_ENOMEM, "out of memory for the passphrase");
	return TR_OK;
}

static tr_err make_key(const char *file, const vault_key *k, const unsigned char *head, unsigned char key[KEY_SIZE],
		       char *why)
{
	char path[PATH_SIZE];
	bool by_passphrase = head[MAGIC_SIZE] == KDF_ARGON2;

	if (by_passphrase && !set(k->passphrase))
		return say(why, TR_ENOENT, "%s is locked by a passphrase; set TROUPE_CREDENTIAL_PASSPHRASE", file);
	if (by_passphrase)
		return key_from_passphrase(k->passphrase, head, key, why);
	if (set(k->key))
		return key_from_hex(k->key, "TROUPE_CREDENTIAL_KEY", key, why);
	default_key_file(path, file);
	return key_from_file(set(k->key_file) ? k->key_file : path, key, why);
}

/* ---- reading ---- */

static tr_err load(const char *file, tr_buf *out, char *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? TR_ENOENT : say(why, TR_EIO, "%s cannot be opened: %s", file, strerror(errno));
	while (n > 0 && out->n <= MAX_SIZE) {
		char *to = tr_buf_reserve(out, 65536);
		if (to == NULL)
			break;
		n = read(fd, to, 65536);
		if (n > 0)
			out->n += (size_t)n;
	}
	tr_err err = out->err != TR_OK   ? say(why, out->err, "out of memory")
		     : n < 0             ? say(why, TR_EIO, "%s cannot be read: %s", file, strerror(errno))
		     : out->n > MAX_SIZE ? say(why, TR_ELIMIT, "%s is larger than 16 MiB", file)
					 : TR_OK;
	close(fd);
	return err;
}

static tr_value decrypt(const char *file, const vault_key *k, tr_str bytes, char *why)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	unsigned char key[KEY_SIZE];
	unsigned long long n = 0;

	if (bytes.n < HEAD_SIZE + TAG_SIZE || memcmp(p, MAGIC, MAGIC_SIZE) != 0 || p[MAGIC_SIZE] > KDF_ARGON2)
		return tr_invalid(say(why, TR_ECORRUPT, "%s is no file of credentials", file));
	tr_err err = make_key(file, k, p, key, why);
	if (err != TR_OK)
		return tr_invalid(err);
	unsigned char *plain = tr_alloc(bytes.n);
	bool ok = plain != NULL &&
		  crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, p + HEAD_SIZE, bytes.n - HEAD_SIZE, p,
							     HEAD_SIZE, p + NONCE_AT, key) == 0;
	sodium_memzero(key, sizeof key);
	tr_value all =
	    ok ? tr_msgpack_read((tr_str){(const char *)plain, (size_t)n}, NULL, NULL, NULL)
	       : tr_invalid(say(why, plain == NULL ? TR_ENOMEM : TR_EDENIED,
				"%s: the key is not the one it was written with, or the file was changed", file));
	if (plain != NULL)
		sodium_memzero(plain, (size_t)n);
	tr_free(plain);
	if (ok && !tr_is(all, TR_MAP)) {
		tr_drop(all);
		all = tr_invalid(say(why, TR_ECORRUPT, "%s holds no mapping", file));
	}
	return all;
}

tr_value vault_read(const char *file, const vault_key *key, char why[VAULT_TEXT])
{
	tr_buf bytes = {0};

	if (sodium_init() < 0)
		return tr_invalid(say(why, TR_EIO, "libsodium cannot be started"));
	tr_err err = load(file, &bytes, why);
	tr_value all = err == TR_OK       ? decrypt(file, key, tr_buf_str(&bytes), why)
		       : err == TR_ENOENT ? tr_map()
					  : tr_invalid(err);
	tr_buf_fini(&bytes);
	return all;
}

/* ---- writing ---- */

static tr_err write_new(const char *path, const void *bytes, size_t n, int flags, char *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	const char *p = bytes;

	if (fd < 0)
		return say(why, TR_EIO, "%s cannot be written: %s", path, strerror(errno));
	for (ssize_t done = 0; n > 0; p += done, n -= (size_t)done) {
		done = write(fd, p, n);
		if (done < 0)
			break;
	}
	bool ok = n == 0 && fsync(fd) == 0;
	int error = errno;
	close(fd);
	return ok ? TR_OK : say(why, TR_EIO, "%s cannot be written: %s", path, strerror(error));
}

/* The first credential of somebody who has set up nothing: a key of their own, beside the file. */
static tr_err make_key_file(const char *file, char *why)
{
	unsigned char key[KEY_SIZE];
	char path[PATH_SIZE], hex[2 * KEY_SIZE + 2];

	default_key_file(path, file);
	if (access(path, F_OK) == 0)
		return TR_OK;
	randombytes_buf(key, sizeof key);
	sodium_bin2hex(hex, sizeof hex, key, sizeof key);
	hex[2 * KEY_SIZE] = '\n';
	tr_err err = write_new(path, hex, 2 * KEY_SIZE + 1, O_EXCL, why);
	sodium_memzero(key, sizeof key);
	sodium_memzero(hex, sizeof hex);
	return err;
}

static void make_head(unsigned char kdf, unsigned char head[HEAD_SIZE])
{
	memset(head, 0, HEAD_SIZE);
	memcpy(head, MAGIC, MAGIC_SIZE);
	head[MAGIC_SIZE] = kdf;
	randombytes_buf(head + SALT_AT, SALT_SIZE);
	put_u64(head + OPS_AT, crypto_pwhash_OPSLIMIT_INTERACTIVE);
	put_u64(head + MEMORY_AT, crypto_pwhash_MEMLIMIT_INTERACTIVE);
	randombytes_buf(head + NONCE_AT, NONCE_SIZE);
}

static tr_err encrypt(const char *file, const vault_key *k, unsigned char kdf, tr_value all, tr_buf *out, char *why)
{
	unsigned char head[HEAD_SIZE], key[KEY_SIZE];
	tr_buf plain = {0};

	make_head(kdf, head);
	tr_err err = make_key(file, k, head, key, why);
	if (err == TR_OK && tr_msgpack_write(&plain, all) != TR_OK)
		err = say(why, TR_EINVAL, "these credentials cannot be written");
	char *to = err == TR_OK ? tr_buf_reserve(out, HEAD_SIZE + plain.n + TAG_SIZE) : NULL;
	if (err == TR_OK && to == NULL)
		err = say(why, TR_ENOMEM, "out of memory");
	if (err == TR_OK) {
		unsigned long long n = 0;
		memcpy(to, head, HEAD_SIZE);
		crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)to + HEAD_SIZE, &n,
							   (const unsigned char *)plain.p, plain.n, head, HEAD_SIZE,
							   NULL, head + NONCE_AT, key);
		out->n = HEAD_SIZE + (size_t)n;
	}
	sodium_memzero(key, sizeof key);
	if (plain.p != NULL)
		sodium_memzero(plain.p, plain.n);
	tr_buf_fini(&plain);
	return err;
}

static tr_err replace(const char *file, const vault_key *k, unsigned char kdf, tr_value all, char *why)
{
	char temporary[PATH_SIZE];
	tr_buf bytes = {0};
	tr_err err = encrypt(file, k, kdf, all, &bytes, why);

	(void)snprintf(temporary, sizeof temporary, "%s.new", file);
	if (err == TR_OK)
		err = write_new(temporary, bytes.p, bytes.n, O_TRUNC, why);
	if (err == TR_OK && rename(temporary, file) != 0)
		err = say(why, TR_EIO, "%s cannot be replaced: %s", file, strerror(errno));
	tr_buf_fini(&bytes);
	return err;
}

/* How the key of a file that is there is made; of a new one what the environment says. */
static unsigned char kdf_of(const char *file, const vault_key *k)
{
	char head[MAGIC_SIZE + 1] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool there = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head;

	if (fd >= 0)
		close(fd);
	if (there)
		return (unsigned char)head[MAGIC_SIZE];
	return set(k->passphrase) ? KDF_ARGON2 : KDF_RAW;
}

static bool needs_key_file(const vault_key *k)
{
	return !set(k->key) && !set(k->key_file);
}

/* What is done under the lock. */
typedef struct work {
	const char *file;
	const vault_key *key;
	tr_value (*change)(tr_value all, void *arg);
	void *arg;
	int kdf; /* KDF_…, or below 0: as it is */
} work;

static tr_err work_locked(const work *w, char *why)
{
	unsigned char kdf = w->kdf >= 0 ? (unsigned char)w->kdf : kdf_of(w->file, w->key);
	bool fresh = access(w->file, F_OK) != 0;
	tr_err err = TR_OK;

	if (kdf == KDF_RAW && (fresh || w->kdf >= 0) && needs_key_file(w->key))
		err = make_key_file(w->file, why);
	if (err != TR_OK)
		return err;
	tr_value all = vault_read(w->file, w->key, why);
	if (!tr_is_valid(all))
		return tr_value_err(all);
	all = w->change != NULL ? w->change(all, w->arg) : all;
	if (tr_is_valid(all))
		err = replace(w->file, w->key, kdf, all, why);
	tr_drop(all);
	return err;
}

static tr_err lock_and_work(const work *w, char *why)
{
	char path[PATH_SIZE];

	if (sodium_init() < 0)
		return say(why, TR_EIO, "libsodium cannot be started");
	(void)snprintf(path, sizeof path, "%s.lock", w->file);
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0) {
		tr_err err = say(why, TR_EIO, "%s cannot be locked: %s", path, strerror(errno));
		if (lock >= 0)
			close(lock);
		return err;
	}
	tr_err err = work_locked(w, why);
	close(lock);
	return err;
}

tr_err vault_change(const char *file, const vault_key *key, tr_value (*change)(tr_value all, void *arg), void *arg,
		    char why[VAULT_TEXT])
{
	work w = {file, key, change, arg, -1};

	return lock_and_work(&w, why);
}

tr_err vault_rekey(const char *file, const vault_key *key, bool passphrase, char why[VAULT_TEXT])
{
	work w = {file, key, NULL, NULL, passphrase ? KDF_ARGON2 : KDF_RAW};

	if (access(file, F_OK) != 0)
		return say(why, TR_ENOENT, "there is no %s yet; the first 'add' makes it", file);
	if (passphrase && !set(key->passphrase))
		return say(why, TR_ENOENT, "set TROUPE_CREDENTIAL_PASSPHRASE to what is to lock it");
	return lock_and_work(&w, why);
}

bool vault_name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && n <= 100 && name[n] == '\0';
}
