/* SPDX-License-Identifier: GPL-2.0-or-later */
/* announce - see announce.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "announce.h"
#include "netlink.h"

static int _arp(int ifindex, const struct mac *mac, const struct inet *addr,
		struct err *err)
{
	cleanup_close int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = ifindex,
				  .sll_halen = ETH_ALEN };
	struct ether_arp arp = { .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
					     .ar_pro = htons(ETH_P_IP),
					     .ar_hln = ETH_ALEN,
					     .ar_pln = 4,
					     .ar_op = htons(ARPOP_REQUEST) } };

	memset(to.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_sha, mac->bytes, ETH_ALEN);
	memcpy(arp.arp_spa, addr->bytes, 4);
	memcpy(arp.arp_tpa, addr->bytes, 4);
	if (fd < 0 || sendto(fd, &arp, sizeof(arp), 0,
			     (struct sockaddr *) &to, sizeof(to)) < 0)
		return err_errno(err, ERR_FATAL, errno, "ARP");
	return 0;
}

/* A neighbour advertisement with the target link-layer address option. */
struct advert {
	struct nd_neighbor_advert head;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
};

static int _advert(int ifindex, const struct mac *mac,
		   const struct inet *addr, struct err *err)
{
	cleanup_close int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC,
				      IPPROTO_ICMPV6);
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_scope_id = (uint32_t) ifindex };
	struct advert advert;
	int hops = 255;

	memset(&advert, 0, sizeof(advert));
	advert.head.nd_na_type = ND_NEIGHBOR_ADVERT;
	advert.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(&advert.head.nd_na_target, addr->bytes, 16);
	advert.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
	advert.option.nd_opt_len = 1;
	memcpy(advert.mac, mac->bytes, ETH_ALEN);
	(void) inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops,
		       sizeof(hops)) < 0 ||
	    sendto(fd, &advert, sizeof(advert), 0, (struct sockaddr *) &to,
		   sizeof(to)) < 0)
		return err_errno(err, ERR_FATAL, errno, "neighbour advert");
	return 0;
}

int announce_address(int ifindex, const struct inet *addr, struct err *err)
{
	struct mac mac;

	if (netlink_mac(ifindex, &mac, err) < 0)
		return -1;
	if (addr->family == AF_INET)
		return _arp(ifindex, &mac, addr, err);
	return _advert(ifindex, &mac, addr, err);
}
