#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real machines with two network cards: each has its address, MTU and routes,
the one with a fixed MAC address has that, and the nodes reach each other by
both. The source's guest.conf names no card."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

ROUTER = "10.30.255.254"

# A line "node card mac mtu addresses" a card, and one "node route ..." a
# route through a router; then the other node's second address answers.
TELL = r"""
for card in /sys/class/net/e*; do
	name=${card##*/}
	echo $SLURMD_NODENAME card $(cat $card/address) $(cat $card/mtu) \
		$(ip -o -4 addr show dev $name | sed 's/.* inet //; s/ .*//')
done
ip route | grep via | while read to via router rest; do
	echo $SLURMD_NODENAME route $to $router
done
echo $SLURMD_NODENAME search $(grep search /etc/resolv.conf)
case $SLURMD_NODENAME in
vm1) other=10.30.0.2 ;;
vm2) other=10.30.0.1 ;;
esac
tries=0
until ping -c 1 -W 10 $other >/dev/null; do
	tries=$((tries + 1))
	[ $tries -lt 30 ] || exit 1
done
echo $SLURMD_NODENAME reaches $other
"""


class Site(labqemu.QemuSite):
    def inventory(self):
        inventory = super().inventory()
        for source in inventory["sources"]:
            source["networks"] = ["hpc", "storage"]
        return inventory

    def sclone_conf(self):
        return super().sclone_conf().rstrip("\n") + (
            " Mac=00:50:56:3f:00:ff+ DNS=%s DNSSearch=hpc.example\n"
            "NicName=storage Nodes=vm[1-2] NicAddr=10.30.0.1+/16 MTU=1400 "
            "Routes=\"10.40.0.0/14 via %s\"\n"
            % (labqemu.CONTROLLER, ROUTER))


def check_node(said, node, number, mac):
    cards = {words[3]: words[1:3] for words in said if words[0] == "card"}
    own = cards.get("10.20.0.%d/16" % number)
    tap.equal(own, [mac, "1500"], node + ": the fixed MAC address is on the "
              "card with the node's own address")
    store = cards.get("10.30.0.%d/16" % number, ["", ""])
    tap.equal((store[0][:11], store[1]), ("00:50:56:8f", "1400"),
              "the other has one that vCenter made, its address and MTU")
    tap.equal(sorted(words[1:] for words in said if words[0] == "route"),
              [["10.40.0.0/14", ROUTER], ["default", labqemu.CONTROLLER]],
              "routes through both")
    tap.equal([words[1:] for words in said if words[0] == "search"],
              [["search", "hpc.example"]], "its search domain")
    tap.equal([words[1:] for words in said if words[0] == "reaches"],
              [["10.30.0.%d" % (3 - number)]],
              "it reaches the other node's second address")


labslurm.require()
image = labqemu.prepare()

with Site(image, nodes=2) as site:
    site.start()
    text = site.run("srun", "-N2", "--chdir=/", "sh", "-c", TELL,
                    bound=2 * labslurm.BOUND)[1]
    lines = [line.split() for line in text.splitlines()]
    for number, mac in (1, "00:50:56:3f:00:ff"), (2, "00:50:56:3f:01:00"):
        node = "vm%d" % number
        check_node([words[1:] for words in lines if words[0] == node], node,
                   number, mac)
    site.await_clean()
sys.exit(tap.done())
