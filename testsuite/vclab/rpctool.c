/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpctool - the lab's look-alike of open-vm-tools' two programs, which one
 * it is being told by its name:
 *
 *	vmware-rpctool 'info-get guestinfo.KEY'		and what rpc.h lists
 *	vmware-toolbox-cmd stat hosttime
 *
 * Output and status are those of open-vm-tools (rpctool.c,
 * toolboxcmd-stat.c): the answer on standard output and 0, or a text on
 * standard error and 1. The host is a unix socket named by VCLAB_RPC, or
 * the virtio-serial port PORT.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PORT "/dev/virtio-ports/vclab.rpc"
#define LINE_SIZE 131072
#define TEMPFAIL 75	/* EX_TEMPFAIL of sysexits.h */
#define RETRIES 100
#define RETRY_MS 50

static int _open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
		return -1;
	return fd;
}

/* A port has one user at a time: wait for the other to end. */
static int _open_port(void)
{
	int fd = open(PORT, O_RDWR | O_CLOEXEC);

	for (int i = 0; fd < 0 && errno == EBUSY && i < RETRIES; i++) {
		(void) poll(NULL, 0, RETRY_MS);
		fd = open(PORT, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static int _send(int fd, const char *line)
{
	static char out[LINE_SIZE];
	int len = snprintf(out, sizeof(out), "%s\n", line);
	int done = 0;

	if (len >= (int) sizeof(out) || strchr(line, '\n'))
		return -1;
	while (done < len) {
		ssize_t n = write(fd, out + done, (size_t) (len - done));

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (int) n;
	}
	return 0;
}

/* One line without its newline. A port reads as ended while its host side
 * is away, which it is for an instant after a fork. */
static int _receive(int fd, char *line)
{
	size_t len = 0;
	int ends = 0;

	while (len == 0 || line[len - 1] != '\n') {
		ssize_t n = read(fd, line + len, LINE_SIZE - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n == 0 && ends++ == RETRIES))
			return -1;
		if (n == 0)
			(void) poll(NULL, 0, RETRY_MS);
		len += (size_t) n;
		if (len == LINE_SIZE - 1)
			return -1;
	}
	line[len - 1] = '\0';
	return 0;
}

/* 0 and the answer, 1 and the host's complaint, -1 no host. */
static int _ask(const char *request, char *line)
{
	const char *path = getenv("VCLAB_RPC");
	int fd = path ? _open_socket(path) : _open_port();

	if (fd < 0 || _send(fd, request) < 0 || _receive(fd, line) < 0 ||
	    (line[0] != '+' && line[0] != '-'))
		return -1;
	(void) close(fd);
	return line[0] == '+' ? 0 : 1;
}

static int _host_time(void)
{
	static char line[LINE_SIZE];
	char text[64];
	time_t seconds;

	if (_ask("vclab.hosttime", line) != 0) {
		(void) fprintf(stderr, "Unable to get host time\n");
		return TEMPFAIL;
	}
	seconds = (time_t) strtoll(line + 1, NULL, 10);
	if (strftime(text, sizeof(text), "%d %b %Y %H:%M:%S",
		     localtime(&seconds)) == 0) {
		(void) fprintf(stderr, "Unable to format host time\n");
		return TEMPFAIL;
	}
	(void) printf("%s\n", text);
	return 0;
}

static int _toolbox(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "stat") == 0 &&
	    strcmp(argv[2], "hosttime") == 0)
		return _host_time();
	(void) fprintf(stderr, "usage: vmware-toolbox-cmd stat hosttime\n");
	return 64;
}

int main(int argc, char **argv)
{
	static char line[LINE_SIZE];
	int rc;

	if (strstr(argv[0], "toolbox"))
		return _toolbox(argc, argv);
	if (argc < 2) {
		(void) fprintf(stderr, "usage: vmware-rpctool 'COMMAND'\n");
		return 1;
	}
	rc = _ask(argv[1], line);
	if (rc == 0)
		(void) printf("%s\n", line + 1);
	else if (rc > 0)
		(void) fprintf(stderr, "%s\n", line + 1);
	else
		(void) fprintf(stderr, "Failed sending message to VMware.\n");
	return rc ? 1 : 0;
}
