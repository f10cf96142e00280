/* SPDX-License-Identifier: Apache-2.0 */
/* troupe plugin test: cmake, build, ctest, in the folder's own build/. */
#include "cli/plugin_commands.h"

#include "cli/command.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The exit status; stdout goes where ours goes. */
static int perform(const char *const *argv)
{
	pid_t pid;
	int status = 0;
	int err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);
	if (err != 0) {
		fprintf(stderr, "troupe plugin: %s cannot be started: %s; is CMake installed?\n", argv[0],
			strerror(err));
		return EXIT_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* Where this program is installed: the prefix whose bin/ it is in; "" when it is in no bin/. */
static void own_prefix(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (slash == NULL || slash - out < 4 || strncmp(slash - 4, "/bin", 4) != 0)
		out[0] = '\0';
	else
		slash[-4] = '\0';
}

int plugin_test(plugin_arguments *a)
{
	const char *dir = a->count > 0 ? a->words[0] : ".";
	char build[PATH_MAX], file[PATH_MAX], prefix[PATH_MAX + 32], found[PATH_MAX];
	if (snprintf(build, sizeof build, "%s/build", dir) >= (int)sizeof build ||
	    snprintf(file, sizeof file, "%s/CMakeLists.txt", dir) >= (int)sizeof file)
		return usage_error("plugin", "the folder's name is too long");
	if (access(file, F_OK) != 0)
		return usage_error("plugin", "%s has no CMakeLists.txt; 'troupe plugin new' writes such a folder", dir);
	own_prefix(found);
	(void)snprintf(prefix, sizeof prefix, "-DCMAKE_PREFIX_PATH=%s", a->prefix != NULL ? a->prefix : found);
	bool given = a->prefix != NULL || found[0] != '\0';
	const char *configure[] = {"cmake", "-S", dir, "-B", build, given ? prefix : NULL, NULL};
	const char *make[] = {"cmake", "--build", build, NULL};
	const char *test[] = {"ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error", NULL};
	int code = perform(configure);
	if (code == 0)
		code = perform(make);
	if (code == 0)
		code = perform(test);
	return code == 0 ? EXIT_OK : EXIT_FAILED;
}
