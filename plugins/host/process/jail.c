/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp for system calls, Landlock for files, rlimits for memory. Sources: seccomp(2), landlock(7). */
#include "plugins/host/process/jail.h"
#include "plugins/host/grants.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#endif

/* ---- system calls
 * ------------------------------------------------------------------------------------------------------------- */

#define RULES_MAX 128

typedef struct rules {
	struct sock_filter code[RULES_MAX];
	unsigned short n;
} rules;

static void rule(rules *r, struct sock_filter f)
{
	if (r->n < RULES_MAX)
		r->code[r->n++] = f;
}

#define LOAD(field) \
	(struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define EQUALS(value, hit, miss) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), (hit), (miss))
#define GIVE(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (unsigned)(action))

/* Refuse a call; the number is loaded. */
static void refuse(rules *r, long number, int error)
{
	rule(r, EQUALS(number, 0, 1));
	rule(r, GIVE(SECCOMP_RET_ERRNO | (unsigned)error));
}

static void refuse_exec(rules *r)
{
	refuse(r, SYS_execve, EPERM);
	refuse(r, SYS_execveat, EPERM);
#ifdef SYS_fork
	refuse(r, SYS_fork, EPERM);
	refuse(r, SYS_vfork, EPERM);
#endif
	refuse(r, SYS_clone3,
	       ENOSYS); /* its flags are in memory, where a filter cannot look: libc falls back to clone */
	/* clone: threads yes, processes no. */
	rule(r, EQUALS(SYS_clone, 0, 4));
	rule(r, LOAD(args[0]));
	rule(r, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
	rule(r, GIVE(SECCOMP_RET_ERRNO | EPERM));
	rule(r, LOAD(nr));
}

static void refuse_net(rules *r)
{
	rule(r, EQUALS(SYS_socket, 0, 5));
	rule(r, LOAD(args[0]));
	rule(r, EQUALS(AF_UNIX, 2, 0)); /* the library's own socket pairs and logs */
	rule(r, EQUALS(AF_NETLINK, 1, 0));
	rule(r, GIVE(SECCOMP_RET_ERRNO | EPERM));
	rule(r, LOAD(nr));
#ifdef SYS_io_uring_setup
	refuse(r, SYS_io_uring_setup, ENOSYS); /* a way around the filter */
#endif
}

/* What no plugin needs, whatever it was granted. */
static void refuse_always(rules *r)
{
	static const long numbers[] = {
	    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
	    SYS_reboot, SYS_kexec_load,       SYS_init_module,       SYS_bpf,   SYS_setns,   SYS_unshare};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		refuse(r, numbers[i], EPERM);
}

static tr_err filter_calls(bool exec, bool net)
{
	rules r = {.n = 0};
	struct sock_fprog program = {.filter = r.code};

	rule(&r, LOAD(arch));
	rule(&r, EQUALS(ARCH, 1, 0));
	rule(&r, GIVE(SECCOMP_RET_KILL_PROCESS));
	rule(&r, LOAD(nr));
	refuse_always(&r);
	if (!exec)
		refuse_exec(&r);
	if (!net)
		refuse_net(&r);
	rule(&r, GIVE(SECCOMP_RET_ALLOW));
	program.len = r.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? TR_OK : TR_ESYSTEM;
}

/* ---- files
 * ----------------------------------------------------------------------------------------------------------------------
 */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                          \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |       \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |    \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What is not there needs no rule; a file takes no rights of folders. */
static void open_folder(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = access};
	struct stat st;

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return;
	if (fstat(beneath.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &=
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
}

static void open_granted(int ruleset, tr_value grants)
{
	for (size_t i = 0; i < tr_array_len(grants); i++) {
		const char *grant = tr_as_cstr(tr_array_at(grants, i), "");
		if (strcmp(grant, "*") == 0 || strcmp(grant, "fs:*") == 0)
			open_folder(ruleset, "/", FS_READ | FS_WRITE);
		else if (strncmp(grant, "fs:/", 4) == 0)
			open_folder(ruleset, grant + 3, FS_READ | FS_WRITE);
	}
}

static tr_err filter_files(tr_value grants, bool exec)
{
	static const char *const readable[] = {
	    "/usr",     "/lib",       "/lib64",    "/etc/ld.so.cache", "/etc/localtime",
	    "/etc/ssl", "/proc/self", "/dev/zero", "/dev/urandom",     "/sys/devices/system/cpu",
	    NULL};
	static const char *const for_net[] = {"/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf",
					      "/etc/services",    "/etc/gai.conf", NULL};
	struct landlock_ruleset_attr all = {.handled_access_fs = FS_READ | FS_WRITE | LANDLOCK_ACCESS_FS_EXECUTE};
	long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP
			   ? TR_OK
			   : TR_ESYSTEM; /* kernels without it: calls are filtered still */
	uint64_t libraries = FS_READ | LANDLOCK_ACCESS_FS_EXECUTE;
	for (size_t i = 0; readable[i] != NULL; i++)
		open_folder((int)ruleset, readable[i], exec || i < 3 ? libraries : FS_READ);
	for (size_t i = 0; for_net[i] != NULL && grants_cover(grants, tr_s("net")); i++)
		open_folder((int)ruleset, for_net[i], LANDLOCK_ACCESS_FS_READ_FILE);
	open_folder((int)ruleset, "/dev/null", FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	open_granted((int)ruleset, grants);
	long done = syscall(SYS_landlock_restrict_self, ruleset, 0);
	close((int)ruleset);
	return done == 0 ? TR_OK : TR_ESYSTEM;
}

/* ---- all
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static bool any_net(tr_value grants)
{
	for (size_t i = 0; i < tr_array_len(grants); i++) {
		tr_str g = tr_as_str(tr_array_at(grants, i));
		if (tr_str_is(g, "*") || (g.n >= 3 && memcmp(g.p, "net", 3) == 0))
			return true;
	}
	return false;
}

tr_err jail_enter(tr_value grants, uint64_t memory)
{
	bool exec = grants_cover(grants, tr_s("exec"));
	struct rlimit limit = {memory, memory}, no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core); /* what a plugin has in its memory is nobody's business */
	if (memory > 0 && setrlimit(RLIMIT_DATA, &limit) != 0)
		return TR_ESYSTEM;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return TR_ESYSTEM;
	tr_err err = filter_files(grants, exec);
	return err == TR_OK ? filter_calls(exec, any_net(grants)) : err;
}
