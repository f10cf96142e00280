/* SPDX-License-Identifier: Apache-2.0 */
/* Children of tests. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

bool server_start(server *s, const char *script)
{
	char path[1024];
	int in[2], out[2];

	(void)snprintf(path, sizeof path, "%s/tests/support/%s", TEST_SOURCE_DIR, script);
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return false;
	s->pid = fork();
	if (s->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("python3", "python3", path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->in = in[1];
	FILE *f = fdopen(out[0], "r");
	bool ready = f != NULL && fgets(s->line, sizeof s->line, f) != NULL;
	if (f != NULL)
		(void)fclose(f);
	return ready;
}

void server_stop(server *s)
{
	close(s->in);
	(void)waitpid(s->pid, NULL, 0);
}
