/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's wait for a link, by a kernel whose words get lost. */
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "guest/netlink.h"
#include "tap.h"

#define LO 1		/* in every namespace */
#define LIMIT_S 10

ssize_t __wrap_recv(int fd, void *to, size_t size, int flags);
ssize_t __real_recv(int fd, void *to, size_t size, int flags);

static unsigned received, lost;

/* The first ones are lost; in what comes then, the link has its carrier. */
ssize_t __wrap_recv(int fd, void *to, size_t size, int flags)
{
	ssize_t n = __real_recv(fd, to, size, flags);
	struct ifinfomsg *link = NLMSG_DATA(to);

	if (received++ < lost) {
		errno = ENOBUFS;
		return -1;
	}
	if (n >= (ssize_t) NLMSG_LENGTH(sizeof(*link)))
		link->ifi_flags |= IFF_UP | IFF_LOWER_UP;
	return n;
}

int main(void)
{
	struct err err = ERR_INIT;

	is_int(netlink_wait_link(LO, LIMIT_S, &err), 0, "a link that is up");
	is_int(received, 1, "by one word");
	received = 0;
	lost = 2;
	is_int(netlink_wait_link(LO, LIMIT_S, &err), 0,
	       "what was lost is asked for again");
	is_int(received, 3, "each time");
	return done_testing();
}
