/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim - put before scloned by LD_PRELOAD: counts what it makes durable and
 * what it sends, kills it at any of these points, lets its disk fail, and
 * lets its clocks run faster. Everything is steered through a page of memory
 * that chaossite.py maps as well (struct control); nothing in src knows.
 *
 * A point is a call of one of these, and is passed before and after it:
 *
 *	SYNC	fsync, fdatasync
 *	NAME	unlink, rename
 *	CALL	a SOAP request leaves (not the long poll)
 *	TELL	a call to scloned-slurm leaves (not the polls)
 *	WRITE	pwrite, ftruncate and such below the state directory
 *
 * Programs other than scloned get the clocks only.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define FDS 1024
#define NAME_SIZE 96

enum class {
	SYNC = 1,
	NAME = 2,
	CALL = 4,
	TELL = 8,
	WRITE = 16
};

/* In chaossite.py this is CONTROL; both are of the same machine. */
struct control {
	int64_t base_mono, base_wall;	/* real ns, where fake time begins */
	int64_t speed;			/* how much faster it runs */
	int64_t jump, leap;		/* ns: the wall clock's, the other's */
	uint64_t classes;		/* whose points are counted */
	uint64_t after;			/* die after it, else before */
	uint64_t target;		/* the point to die at; 0: none */
	uint64_t count;			/* points passed */
	uint64_t bad_classes;		/* whose calls fail ... */
	int64_t bad_errno;		/* ... so; 0: half is written */
	uint64_t bad_from, bad_times;	/* ... from that one on, so often */
	uint64_t bad_count;
	int64_t stall;			/* ns that they take besides */
	uint64_t trace;			/* keep the points' names */
	char name[NAME_SIZE];		/* where it died */
	char word[NAME_SIZE];		/* of points that count */
};

static struct control *control;	/* NULL: nothing is steered */
static bool armed;		/* this is scloned */
static int trace_fd = -1;
static clockid_t timer_clock[FDS];

/* --- the real calls ----------------------------------------------------- */

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		*(void **) &real = dlsym(RTLD_NEXT, #name)

static void __attribute__((constructor)) _start(void)
{
	const char *path = getenv("CHAOS_CONTROL");
	const char *trace = getenv("CHAOS_TRACE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page;

	if (fd < 0)
		return;
	page = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	(void) close(fd);
	if (page == MAP_FAILED)
		abort();
	control = page;
	armed = !strcmp(program_invocation_short_name, "scloned");
	if (armed && trace)
		trace_fd = open(trace, O_WRONLY | O_CREAT | O_APPEND |
				O_CLOEXEC, 0600);
}

/* --- points ------------------------------------------------------------- */

static void _die(void)
{
	(void) syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		(void) syscall(SYS_pause);
}

static void _trace(uint64_t number, const char *name)
{
	char line[NAME_SIZE + 32];
	int n = snprintf(line, sizeof(line), "%llu %s\n",
			 (unsigned long long) number, name);

	if (trace_fd >= 0 && n > 0)
		(void) !syscall(SYS_write, trace_fd, line, (size_t) n);
}

static void _die_at(uint64_t number, const char *name, bool after)
{
	if (number != control->target || after != !!control->after)
		return;
	control->target = 0;
	snprintf(control->name, sizeof(control->name), "%s", name);
	_die();
}

/* Before the call; its number for _left(), 0 when it is not counted. */
static uint64_t _reached(enum class class, const char *name)
{
	uint64_t number;

	if (!armed || !(control->classes & class) ||
	    !strstr(name, control->word))
		return 0;
	number = ++control->count;
	if (control->trace)
		_trace(number, name);
	_die_at(number, name, false);
	return number;
}

static void _left(uint64_t number, const char *name)
{
	if (number)
		_die_at(number, name, true);
}

/* --- bad disks ---------------------------------------------------------- */

static void _sleep(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	(void) syscall(SYS_nanosleep, &ts, NULL);
}

/* 0, or the error that the call has; *half: it is cut short. */
static int _goes_bad(enum class class, bool *half)
{
	uint64_t number;

	*half = false;
	if (!armed || !(control->bad_classes & class))
		return 0;
	number = ++control->bad_count;
	if (number < control->bad_from ||
	    number - control->bad_from >= control->bad_times)
		return 0;
	if (control->stall)
		_sleep(control->stall);
	*half = control->bad_errno == 0 && !control->stall;
	return (int) control->bad_errno;
}

/* --- files -------------------------------------------------------------- */

static const char *_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void _name_fd(const char *call, int fd, char out[NAME_SIZE])
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	snprintf(out, NAME_SIZE, "%s %.60s", call, _last(path));
}

/* Regular files only: logs and sockets are somebody else's matter. */
static bool _is_state(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	if (!armed || !((control->classes | control->bad_classes) & WRITE))
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, "/journal/") != NULL;
}

static int _sync(int fd, const char *call, int (*real)(int fd))
{
	char name[NAME_SIZE] = "";
	uint64_t number;
	bool half;
	int rc;

	if (armed)
		_name_fd(call, fd, name);
	number = _reached(SYNC, name);
	errno = _goes_bad(SYNC, &half);
	rc = errno ? -1 : real(fd);
	_left(number, name);
	return rc;
}

int fsync(int fd)
{
	REAL(fsync);
	return _sync(fd, "fsync", real);
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	return _sync(fd, "fdatasync", real);
}

static ssize_t _pwrite(int fd, const void *buf, size_t len, off_t offset,
		       ssize_t (*real)(int fd, const void *buf, size_t len,
				       off_t offset))
{
	char name[NAME_SIZE];
	uint64_t number;
	ssize_t rc;
	bool half;

	if (!_is_state(fd))
		return real(fd, buf, len, offset);
	_name_fd("pwrite", fd, name);
	number = _reached(WRITE, name);
	errno = _goes_bad(WRITE, &half);
	rc = errno ? -1 : real(fd, buf, half ? len / 2 : len, offset);
	_left(number, name);
	return rc;
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	REAL(pwrite);
	return _pwrite(fd, buf, len, offset, real);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
	REAL(pwrite);
	return _pwrite(fd, buf, len, offset, real);
}

static int _cut(int fd, off_t size, int (*real)(int fd, off_t size))
{
	char name[NAME_SIZE];
	uint64_t number;
	bool half;
	int rc;

	if (!_is_state(fd))
		return real(fd, size);
	_name_fd("ftruncate", fd, name);
	number = _reached(WRITE, name);
	errno = _goes_bad(WRITE, &half);
	rc = errno ? -1 : real(fd, size);
	_left(number, name);
	return rc;
}

int ftruncate(int fd, off_t size)
{
	REAL(ftruncate);
	return _cut(fd, size, real);
}

int ftruncate64(int fd, off64_t size)
{
	REAL(ftruncate);
	return _cut(fd, size, real);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
	bool half;
	int bad = _is_state(fd) ? _goes_bad(WRITE, &half) : 0;

	REAL(posix_fallocate);
	return bad ? bad : real(fd, offset, len);
}

int unlink(const char *path)
{
	char name[NAME_SIZE];
	uint64_t number;
	bool half;
	int rc;

	REAL(unlink);
	snprintf(name, sizeof(name), "unlink %.60s", _last(path));
	number = _reached(NAME, name);
	errno = _goes_bad(NAME, &half);
	rc = errno ? -1 : real(path);
	_left(number, name);
	return rc;
}

int rename(const char *old, const char *new)
{
	char name[NAME_SIZE];
	uint64_t number;
	int rc;

	REAL(rename);
	snprintf(name, sizeof(name), "rename %.60s", _last(new));
	number = _reached(NAME, name);
	rc = real(old, new);
	_left(number, name);
	return rc;
}

/* --- requests ----------------------------------------------------------- */

/* The word behind mark in what is sent. */
static bool _word(const void *buf, size_t len, const char *mark,
		  const char *ends, char out[NAME_SIZE])
{
	const char *at = memmem(buf, len, mark, strlen(mark));
	size_t rest, n = 0;

	if (!at)
		return false;
	at += strlen(mark);
	rest = len - (size_t) (at - (const char *) buf);
	while (n < rest && n < NAME_SIZE - 1 && !strchr(ends, at[n]))
		n++;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

static bool _is_poll(const char *verb)
{
	static const char *const polls[] = { "nodes", "config", "partitions",
					     "WaitForUpdatesEx" };

	for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]); i++)
		if (!strcmp(verb, polls[i]))
			return true;
	return false;
}

/* What class of request this is, 0: none. */
static unsigned _request(const void *buf, size_t len, char name[NAME_SIZE])
{
	if (_word(buf, len, "<soapenv:Body><", " />", name))
		return _is_poll(name) ? 0 : CALL;
	if (_word(buf, len, "\"verb\":\"", "\"", name))
		return _is_poll(name) ? 0 : TELL;
	return 0;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	char name[NAME_SIZE];
	uint64_t number = 0;
	unsigned class;
	ssize_t rc;

	REAL(send);
	class = armed ? _request(buf, len, name) : 0;
	if (class)
		number = _reached(class, name);
	rc = real(fd, buf, len, flags);
	_left(number, name);
	return rc;
}

/* --- clocks ------------------------------------------------------------- */

static int64_t _ns(const struct timespec *ts)
{
	return ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

static struct timespec _ts(int64_t ns)
{
	if (ns < 1)
		ns = 1;		/* zero would stop a timer */
	return (struct timespec) { ns / NS_PER_S, ns % NS_PER_S };
}

static bool _is_wall(clockid_t id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
}

static bool _is_bent(clockid_t id)
{
	return control && (_is_wall(id) || id == CLOCK_MONOTONIC ||
			   id == CLOCK_MONOTONIC_COARSE);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t base;

	if (syscall(SYS_clock_gettime, id, ts) < 0)
		return -1;
	if (!_is_bent(id))
		return 0;
	base = _is_wall(id) ? control->base_wall : control->base_mono;
	*ts = _ts(base + (_ns(ts) - base) * control->speed +
		  (_is_wall(id) ? control->jump : control->leap));
	return 0;
}

int timerfd_create(int id, int flags)
{
	int fd;

	REAL(timerfd_create);
	fd = real(id, flags);
	if (fd >= 0 && fd < FDS)
		timer_clock[fd] = id;
	return fd;
}

/* A moment of a bent clock as the real one has it. */
static struct timespec _real_time(clockid_t id, const struct timespec *ts)
{
	int64_t base = _is_wall(id) ? control->base_wall : control->base_mono;
	int64_t jump = _is_wall(id) ? control->jump : control->leap;

	return _ts(base + (_ns(ts) - jump - base) / control->speed);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new,
		    struct itimerspec *old)
{
	clockid_t id = fd >= 0 && fd < FDS ? timer_clock[fd] : -1;
	struct itimerspec bent = *new;

	REAL(timerfd_settime);
	if (_is_bent(id) && _ns(&new->it_value)) {
		if (flags & TFD_TIMER_ABSTIME)
			bent.it_value = _real_time(id, &new->it_value);
		else
			bent.it_value = _ts(_ns(&new->it_value) /
					    control->speed);
	}
	return real(fd, flags, &bent, old);
}
