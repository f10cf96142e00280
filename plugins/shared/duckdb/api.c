/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and opening libduckdb.so. */
#include "plugins/shared/duckdb/api.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libduckdb.so"

/* The path of the running program without its name; "" when it cannot be known. */
static void program_folder(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

	out[n < 0 ? 0 : n] = '\0';
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

/* Built in build/release: the library is in build/duckdb. Installed in bin: it is in lib/troupe. */
static void *open_beside(void)
{
	static const char *const places[] = {"../lib/troupe", "../duckdb"};
	char folder[PATH_MAX], path[PATH_MAX + 64];
	void *library = NULL;

	program_folder(folder);
	for (size_t i = 0; folder[0] != '\0' && library == NULL && i < sizeof places / sizeof *places; i++) {
		(void)snprintf(path, sizeof path, "%s/%s/" LIBRARY, folder, places[i]);
		library = access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	}
	return library;
}

static void *open_library(const char *path)
{
	const char *named = path != NULL && path[0] != '\0' ? path : getenv("TROUPE_DUCKDB");

	if (named != NULL && named[0] != '\0')
		return dlopen(named, RTLD_NOW | RTLD_LOCAL);
	void *library = open_beside();
	return library != NULL ? library : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
}

/* A pointer to data as a pointer to a function: POSIX has them alike, C does not. */
static bool find(void *library, const char *name, void *slot)
{
	void *p = dlsym(library, name);

	memcpy(slot, &p, sizeof p);
	return p != NULL;
}

bool duck_api_open(duck_api *api, const char *path, tr_value *why)
{
	const char *missing = NULL;

	*why = tr_absent();
	*api = (duck_api){.library = open_library(path)};
	if (api->library == NULL) {
		const char *said = dlerror();
		*why = tr_stringf("DuckDB's library is not here (%s). `make duckdb` fetches it and `make install` "
				  "installs it; or set TROUPE_DUCKDB, or the setting `library` of the plugin, to the "
				  "path of a " LIBRARY " of DuckDB 1.5 or newer",
				  said == NULL ? "not found" : said);
		return false;
	}
#define X(type, name, parameters)                                     \
	if (!find(api->library, "duckdb_" #name, (void *)&api->name)) \
		missing = "duckdb_" #name;
	DUCK_FUNCTIONS(X)
#undef X
	if (missing == NULL)
		return true;
	*why = tr_stringf("DuckDB's library is too old for this: it has no %s; `make duckdb` fetches one that fits",
			  missing);
	return false;
}
