/*
 * Makes the N-th system call of a process fail, or kills the process in it, as a disk that breaks, a disk that is full
 * and a machine that loses its power do. Loaded by LD_PRELOAD; tests/attacks/shim.rs builds it and says what it does.
 *
 *   SHIM_CALLS   the functions that are meant, separated by commas
 *   SHIM_FOLDER  only calls on files below this folder are counted
 *   SHIM_FIRST   the first call that is touched, from 1 on; 0 only counts
 *   SHIM_LAST    the last one
 *   SHIM_ACT     an errno by number, or short, kill-before, kill-within, kill-after
 *   SHIM_REPORT  a file that gets a line for every call that was touched, and how many were seen at an orderly end
 *
 * The allocation of blocks (fallocate) passes by: the program makes that call without the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum act { PASS, FAIL, SHORT, KILL_BEFORE, KILL_WITHIN, KILL_AFTER };

static struct {
    const char *calls, *folder, *report;
    size_t folder_length;
    long first, last;
    enum act act;
    int error;
} plan;
static atomic_long seen;

#define REAL(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(name) *real;                                                                                 \
        if (!real)                                                                                                     \
            real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                                        \
        real;                                                                                                          \
    })

static long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *act = getenv("SHIM_ACT");
    plan.calls = getenv("SHIM_CALLS");
    plan.report = getenv("SHIM_REPORT");
    plan.first = number_of("SHIM_FIRST");
    plan.last = number_of("SHIM_LAST");
    plan.act = !act                          ? PASS
               : !strcmp(act, "short")       ? SHORT
               : !strcmp(act, "kill-before") ? KILL_BEFORE
               : !strcmp(act, "kill-within") ? KILL_WITHIN
               : !strcmp(act, "kill-after")  ? KILL_AFTER
                                             : FAIL;
    plan.error = plan.act == FAIL ? atoi(act) : 0;
    plan.folder = getenv("SHIM_FOLDER");
    plan.folder_length = plan.folder ? strlen(plan.folder) : 0;
}

/* Says something by system calls of its own, so that no report is touched itself. */
static void report(const char *line)
{
    long file = plan.report ? syscall(SYS_openat, AT_FDCWD, plan.report, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (file < 0)
        return;
    if (syscall(SYS_write, file, line, strlen(line)) < 0)
        _exit(99);
    syscall(SYS_close, file);
}

__attribute__((destructor)) static void end(void)
{
    char line[64];
    snprintf(line, sizeof line, "seen %ld\n", atomic_load(&seen));
    report(line);
}

static int is_listed(const char *call)
{
    size_t length = strlen(call);
    const char *at = plan.calls;
    while (at && (at = strstr(at, call))) {
        char after = at[length];
        if ((at == plan.calls || at[-1] == ',') && (after == ',' || !after))
            return 1;
        at += length;
    }
    return 0;
}

static enum act act_on(const char *call, const char *path)
{
    if (!plan.folder || !is_listed(call) || strncmp(path, plan.folder, plan.folder_length))
        return PASS;
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (number < plan.first || number > plan.last)
        return PASS;
    char line[PATH_MAX + 64];
    snprintf(line, sizeof line, "touched %s %s\n", call, path);
    report(line);
    return plan.act;
}

static enum act act_on_file(const char *call, int file)
{
    char link[32], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = plan.folder ? readlink(link, path, sizeof path - 1) : -1;
    errno = before;
    if (length < 0)
        return PASS;
    path[length] = 0;
    return act_on(call, path);
}

static void die(void)
{
    for (;;)
        kill(getpid(), SIGKILL);
}

/* What every wrapped call does: fail, die before, in the middle of (for those that move no bytes: after) or after it. */
#define ACT(decision, real_call)                                                                                       \
    do {                                                                                                               \
        enum act chosen = (decision);                                                                                  \
        if (chosen == FAIL) {                                                                                          \
            errno = plan.error;                                                                                        \
            return -1;                                                                                                 \
        }                                                                                                              \
        if (chosen == KILL_BEFORE)                                                                                     \
            die();                                                                                                     \
        __typeof__(real_call) result = (real_call);                                                                    \
        if (chosen == KILL_WITHIN || chosen == KILL_AFTER)                                                             \
            die();                                                                                                     \
        return result;                                                                                                 \
    } while (0)

/* How many of the bytes are moved. */
static size_t part(enum act act, size_t length)
{
    return (act == SHORT || act == KILL_WITHIN) && length > 1 ? length / 2 : length;
}

ssize_t write(int file, const void *bytes, size_t length)
{
    enum act act = act_on_file("write", file);
    ACT(act, REAL(write)(file, bytes, part(act, length)));
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
    enum act act = act_on_file("pwrite", file);
    ACT(act, REAL(pwrite64)(file, bytes, part(act, length), at));
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at)
{
    return pwrite64(file, bytes, length, at);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    enum act act = act_on_file("write", file);
    if (part(act, 2) == 1 && count > 0) {
        struct iovec first = {parts[0].iov_base, part(act, parts[0].iov_len)};
        ACT(act, REAL(writev)(file, &first, 1));
    }
    ACT(act, REAL(writev)(file, parts, count));
}

ssize_t read(int file, void *bytes, size_t length)
{
    enum act act = act_on_file("read", file);
    ACT(act, REAL(read)(file, bytes, part(act, length)));
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t at)
{
    enum act act = act_on_file("pread", file);
    ACT(act, REAL(pread64)(file, bytes, part(act, length), at));
}

ssize_t pread(int file, void *bytes, size_t length, off_t at)
{
    return pread64(file, bytes, length, at);
}

int fdatasync(int file)
{
    ACT(act_on_file("fdatasync", file), REAL(fdatasync)(file));
}

int fsync(int file)
{
    ACT(act_on_file("fsync", file), REAL(fsync)(file));
}

int ftruncate64(int file, off64_t length)
{
    ACT(act_on_file("ftruncate", file), REAL(ftruncate64)(file, length));
}

int ftruncate(int file, off_t length)
{
    return ftruncate64(file, length);
}

int rename(const char *from, const char *to)
{
    ACT(act_on("rename", to), REAL(rename)(from, to));
}

int unlink(const char *path)
{
    ACT(act_on("unlink", path), REAL(unlink)(path));
}

int link(const char *from, const char *to)
{
    ACT(act_on("link", to), REAL(link)(from, to));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    ACT(act_on("link", to), REAL(linkat)(from_folder, from, to_folder, to, flags));
}

int mkdir(const char *path, mode_t mode)
{
    ACT(act_on("mkdir", path), REAL(mkdir)(path, mode));
}

int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    ACT(act_on("open", path), REAL(open64)(path, flags, mode));
}
