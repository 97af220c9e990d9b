/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink - see netlink.h. */
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "netlink.h"

#define REPLY_SIZE 32768
#define ACK_MS 2000

/* A request being built; the header's length grows with each attribute. */
struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
		char room[256];
	};
};

static void _begin(struct request *req, int type, int flags, size_t body)
{
	memset(req, 0, sizeof(*req));
	req->head.nlmsg_len = (uint32_t) NLMSG_LENGTH(body);
	req->head.nlmsg_type = (uint16_t) type;
	req->head.nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags);
	req->head.nlmsg_seq = 1;
}

/* Attributes are few and small: they always fit into the room. */
static void _put(struct request *req, int type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(req->head.nlmsg_len);
	struct rtattr *attr = (struct rtattr *) ((char *) req + at);

	attr->rta_type = (unsigned short) type;
	attr->rta_len = (unsigned short) RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	req->head.nlmsg_len = (uint32_t) (at + RTA_ALIGN(attr->rta_len));
}

static int _open(unsigned groups, struct err *err)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
				    .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "netlink socket");
	if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
		err_errno(err, ERR_FATAL, errno, "netlink bind");
		(void) close(fd);
		return -1;
	}
	return fd;
}

static int _send(int fd, struct request *req, struct err *err)
{
	if (send(fd, req, req->head.nlmsg_len, 0) < 0)
		return err_errno(err, ERR_FATAL, errno, "netlink send");
	return 0;
}

/* One datagram, or 0 when none came in time or was lost. */
static ssize_t _receive(int fd, char *reply, int wait_ms, struct err *err)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int ready = poll(&poller, 1, wait_ms);
	ssize_t n;

	if (ready < 0 && errno != EINTR)
		return err_errno(err, ERR_FATAL, errno, "netlink poll");
	if (ready <= 0)
		return 0;
	n = recv(fd, reply, REPLY_SIZE, 0);
	/* ENOBUFS: messages were lost. */
	if (n < 0 && errno != ENOBUFS && errno != EINTR)
		return err_errno(err, ERR_FATAL, errno, "netlink receive");
	return n < 0 ? 0 : n;
}

/* The attribute of this link in the kernel's answer, or NULL. */
static const struct rtattr *_find(const char *reply, size_t n, int ifindex,
				  unsigned short type)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *) reply;
	const struct ifinfomsg *link = NLMSG_DATA(head);
	const struct rtattr *attr;
	size_t left;

	if (!NLMSG_OK(head, n) ||
	    head->nlmsg_len < NLMSG_LENGTH(sizeof(*link)) ||
	    head->nlmsg_type != RTM_NEWLINK || link->ifi_index != ifindex)
		return NULL;
	left = IFLA_PAYLOAD(head);
	for (attr = IFLA_RTA(link); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left))
		if (attr->rta_type == type)
			return attr;
	return NULL;
}

int netlink_mac(int ifindex, struct mac *mac, struct err *err)
{
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	cleanup_close int fd = _open(0, err);
	const struct rtattr *attr;
	struct request req;
	ssize_t n;

	_begin(&req, RTM_GETLINK, 0, sizeof(req.link));
	req.link.ifi_index = ifindex;
	if (fd < 0 || _send(fd, &req, err) < 0)
		return -1;
	n = _receive(fd, reply, ACK_MS, err);
	if (n < 0)
		return -1;
	attr = _find(reply, (size_t) n, ifindex, IFLA_ADDRESS);
	if (!attr || RTA_PAYLOAD(attr) != sizeof(mac->bytes))
		return err_set(err, ERR_FATAL, "interface %d: no MAC address "
			       "is known", ifindex);
	memcpy(mac->bytes, RTA_DATA(attr), sizeof(mac->bytes));
	return 0;
}

/* Send, and wait for the kernel's verdict. */
static int _ask(struct request *req, const char *what, struct err *err)
{
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	cleanup_close int fd = _open(0, err);
	const struct nlmsghdr *head = (const struct nlmsghdr *) reply;
	const struct nlmsgerr *verdict = NLMSG_DATA(head);
	ssize_t n;

	req->head.nlmsg_flags |= NLM_F_ACK;
	if (fd < 0 || _send(fd, req, err) < 0)
		return -1;
	n = _receive(fd, reply, ACK_MS, err);
	if (n < 0)
		return -1;
	if ((size_t) n < NLMSG_LENGTH(sizeof(*verdict)) ||
	    head->nlmsg_type != NLMSG_ERROR)
		return err_set(err, ERR_FATAL, "%s: no verdict", what);
	if (verdict->error != 0)
		return err_errno(err, ERR_FATAL, -verdict->error, "%s", what);
	return 0;
}

int netlink_link_up(int ifindex, unsigned mtu, struct err *err)
{
	struct request req;

	_begin(&req, RTM_NEWLINK, 0, sizeof(req.link));
	req.link.ifi_index = ifindex;
	req.link.ifi_flags = IFF_UP;
	req.link.ifi_change = IFF_UP;
	if (mtu)
		_put(&req, IFLA_MTU, &mtu, sizeof(mtu));
	return _ask(&req, "link up", err);
}

int netlink_link_down(int ifindex, struct err *err)
{
	struct request req;

	_begin(&req, RTM_NEWLINK, 0, sizeof(req.link));
	req.link.ifi_index = ifindex;
	req.link.ifi_change = IFF_UP;
	return _ask(&req, "link down", err);
}

static size_t _length(const struct inet *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

int netlink_add_address(int ifindex, const struct inet *addr, unsigned prefix,
			struct err *err)
{
	struct request req;

	_begin(&req, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
	       sizeof(req.addr));
	req.addr.ifa_family = (uint8_t) addr->family;
	req.addr.ifa_prefixlen = (uint8_t) prefix;
	req.addr.ifa_index = (uint32_t) ifindex;
	if (addr->family == AF_INET6)
		req.addr.ifa_flags = IFA_F_NODAD;
	_put(&req, IFA_LOCAL, addr->bytes, _length(addr));
	_put(&req, IFA_ADDRESS, addr->bytes, _length(addr));
	if (addr->family == AF_INET && prefix < 31) {
		uint8_t all[4];

		for (unsigned i = 0; i < 4; i++) {
			unsigned bits = prefix > 8 * i ? prefix - 8 * i : 0;

			all[i] = (uint8_t) (addr->bytes[i] |
					    (bits < 8 ? 0xff >> bits : 0));
		}
		_put(&req, IFA_BROADCAST, all, sizeof(all));
	}
	return _ask(&req, "add address", err);
}

int netlink_add_route(int ifindex, const struct route *route,
		      struct err *err)
{
	const struct inet *via = &route->via;
	struct request req;

	_begin(&req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
	       sizeof(req.route));
	req.route.rtm_family = (uint8_t) via->family;
	req.route.rtm_dst_len = (uint8_t) route->prefix;
	req.route.rtm_table = RT_TABLE_MAIN;
	req.route.rtm_protocol = RTPROT_STATIC;
	req.route.rtm_scope = RT_SCOPE_UNIVERSE;
	req.route.rtm_type = RTN_UNICAST;
	if (route->prefix)
		_put(&req, RTA_DST, route->net.bytes, _length(via));
	_put(&req, RTA_GATEWAY, via->bytes, _length(via));
	_put(&req, RTA_OIF, &ifindex, sizeof(ifindex));
	return _ask(&req, route->prefix ? "add route" : "add default route",
		    err);
}

int netlink_add_default(int ifindex, const struct inet *gateway,
			struct err *err)
{
	struct route route = { .net.family = gateway->family,
			       .via = *gateway };

	return netlink_add_route(ifindex, &route, err);
}

/* Whether these messages say that the link is up and has its carrier. */
static int _has_carrier(const char *reply, ssize_t n, int ifindex)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *) reply;
	unsigned want = IFF_UP | IFF_LOWER_UP;
	size_t left = (size_t) n;

	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		const struct ifinfomsg *link = NLMSG_DATA(head);

		if (head->nlmsg_type == RTM_NEWLINK &&
		    link->ifi_index == ifindex &&
		    (link->ifi_flags & want) == want)
			return 1;
	}
	return 0;
}

int netlink_wait_link(int ifindex, uint64_t limit_s, struct err *err)
{
	char reply[REPLY_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int64_t deadline =
		clock_mono_us() + (int64_t) limit_s * CLOCK_US_PER_S;
	cleanup_close int fd = _open(RTMGRP_LINK, err);
	struct request req;

	_begin(&req, RTM_GETLINK, 0, sizeof(req.link));
	req.link.ifi_index = ifindex;
	if (fd < 0 || _send(fd, &req, err) < 0)
		return -1;
	for (;;) {
		int64_t left = deadline - clock_mono_us();
		ssize_t n;

		if (left <= 0)
			return err_set(err, ERR_TRANSIENT,
				       "no carrier within %d s",
				       (int) limit_s);
		n = _receive(fd, reply, (int) (left / CLOCK_US_PER_MS) + 1,
			     err);
		if (n < 0)
			return -1;
		if (n > 0 && _has_carrier(reply, n, ifindex))
			return 0;
		/* Its word may be among those that were lost. */
		if (!n && _send(fd, &req, err) < 0)
			return -1;
	}
}
