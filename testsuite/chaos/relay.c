/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay - in scloned-slurm's place: hands its end of scloned's socket to the
 * fake node table (nodetable.py), which outlives scloned, and stays until
 * the table hangs up.
 *
 *	relay --fd N --conf DIR/slurm.conf	the table listens at DIR/table
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int _hand_over(int table, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(table, &msg, 0) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int table = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = -1;
	char byte;

	for (int i = 1; i + 1 < argc; i += 2) {
		char *slash = strrchr(argv[i + 1], '/');

		if (!strcmp(argv[i], "--fd"))
			fd = (int) strtol(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--conf") && slash)
			snprintf(address.sun_path, sizeof(address.sun_path),
				 "%.*s/table", (int) (slash - argv[i + 1]),
				 argv[i + 1]);
	}
	if (fd < 0 || connect(table, (struct sockaddr *) &address,
			      sizeof(address)) < 0 ||
	    _hand_over(table, fd) < 0) {
		perror("relay");
		return 1;
	}
	(void) close(fd);
	return read(table, &byte, 1) == 0 ? 0 : 1;
}
