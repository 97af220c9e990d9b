#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that must not become a node, or not again: late at once or later,
early, reset, nameless, hostile; and a source that was reset."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../lib"))
import guests
import tap

PROBE = os.path.join(guests.SOURCE, "testsuite/system/probe-slurmd")
PCAP_HEADER = 24  # bytes of a capture without a packet
HOOK = """#!/bin/sh
[ "$SCLONE_NODE" != unlucky ] || { echo "no luck"; exit 9; }
[ "$SCLONE_NODE" != slow ] || {
	vmware-rpctool "info-set guestinfo.slow begun"
	until vmware-rpctool "info-get guestinfo.go" >/dev/null; do
		sleep 0.1
	done
}
"""


def silent(lab, vm, what):
    """It sent no packet and started no slurmd."""
    tap.equal(os.path.getsize(lab.path(vm, "net.pcap")), PCAP_HEADER,
              what + ": it never sent a packet")
    tap.ok(not [r for r in lab.seen if r["vm"] == vm and
                (r.get("key") or "").startswith("guestinfo.probe")],
           what + ": it never started slurmd")


def keys(lab, vm, key, skip=0):
    return [r["text"] for r in lab.seen[skip:] if r["vm"] == vm and
            r["event"] == "set" and r["key"] == key]


def refused(lab, vm, code, text, what):
    state = lab.state(vm)
    tap.equal((state.get("state"), state.get("code")), ("failed", code),
              what + ": it reports " + code)
    tap.contains(state.get("text"), text, what + ": and why")


with tempfile.TemporaryDirectory() as place:
    path = os.path.join(place, "10-luck")
    with open(path, "w") as hook:
        hook.write(HOOK)
    image = guests.make_image(
        "--slurmd", PROBE, "--hook", "post-clone=" + path, "--conf",
        'DhcpClient="/bin/udhcpc -n -q -t 5 -s /bin/true -i %i"')

with guests.Lab() as lab:
    tap.ok(lab.source("t", image, dump=True), "a source boots and is frozen")

    # What a good clone does, so that silence means something.
    lab.clone("good", "t", guests.identity("good"))
    tap.equal(lab.state("good").get("state"), "ready", "a good clone")
    lab.wait("good", "set", "guestinfo.probe.end")
    tap.ok(os.path.getsize(lab.path("good", "net.pcap")) > PCAP_HEADER,
           "its packets are seen")

    lab.do("power_off", vm="good")
    at = lab.do("power_on", vm="good")
    report = lab.wait("good", "off", skip=at)
    tap.equal(report and report["text"], "the guest powered off",
              "reset after its identity was used: it powers off")
    tap.ok(not [r for r in lab.seen[at:] if r["event"] == "frozen"],
           "and is never frozen")
    tap.equal(keys(lab, "good", guests.STATE, at), [], "nor a node again")

    # A clone that is reset before it has read its identity boots with it.
    lab.do("create", vm="fresh", parent="t")
    lab.do("set", vm="fresh", key=guests.KEY, value=guests.identity("fresh"))
    at = lab.do("power_on", vm="fresh")
    tap.ok(lab.wait("fresh", "off", skip=at),
           "booted with an identity not yet used: it powers off")
    silent(lab, "fresh", "booted with an identity")

    at = lab.clone("nobody", "t", None)
    tap.ok(lab.wait("nobody", "off", skip=at),
           "without an identity: it powers off")
    silent(lab, "nobody", "without an identity")

    at = lab.clone("again", "t", "used 1800000000000000")
    tap.ok(lab.wait("again", "off", skip=at),
           "an identity that was used: it powers off")
    silent(lab, "again", "used")

    lab.clone("unlucky", "t", guests.identity("unlucky"))
    refused(lab, "unlucky", "hook", "no luck", "a hook that fails")
    tap.equal(keys(lab, "unlucky", "guestinfo.probe.args"), [],
              "a hook that fails: slurmd is not started")

    lab.clone("hostile", "t", guests.identity("hostile",
                                              slurmd=["-f/tmp/x.conf"]))
    refused(lab, "hostile", "identity", "not allowed", "a hostile identity")
    silent(lab, "hostile", "a hostile identity")

    lab.clone("dhcp", "t", guests.identity("dhcp", addr="dhcp", gw=None,
                                           dns=None))
    tap.equal(lab.state("dhcp").get("state"), "ready",
              "an address by DHCP: ready when the client has it")

    lab.do("clock", ms=-60000)
    lab.clone("early", "t", guests.identity("early"))
    refused(lab, "early", "clock", "behind", "a host's clock behind")
    silent(lab, "early", "a host's clock behind")

    lab.do("clock", ms=601000)
    at = lab.clone("late", "t", guests.identity("late"))
    tap.ok(lab.wait("late", "off", skip=at), "past not_after: it powers off")
    silent(lab, "late", "past not_after")
    tap.equal(keys(lab, "late", guests.STATE), [],
              "past not_after: it says nothing")
    lab.do("clock", ms=0)

    # In time when it wakes, and late when its hook ends.
    at = lab.clone("slow", "t", guests.identity("slow"))
    tap.ok(lab.wait("slow", "set", "guestinfo.slow", skip=at),
           "a hook lasts")
    lab.do("clock", ms=601000)
    lab.do("set", vm="slow", key="guestinfo.go", value="on")
    report = lab.wait("slow", "off", skip=at)
    tap.equal(report and report["text"], "the guest powered off",
              "past not_after by then: it powers off")
    tap.equal(keys(lab, "slow", "guestinfo.probe.args"), [],
              "and never starts slurmd")
    tap.equal(keys(lab, "slow", guests.STATE), [], "and says nothing")
    lab.do("clock", ms=0)

    lab.do("power_off", vm="t")
    at = lab.do("power_on", vm="t")
    report = lab.wait("t", "frozen", skip=at)
    tap.ok(report and "text" not in report, "a source that was reset is "
           "frozen again")
    tap.equal(len(keys(lab, "t", guests.TEMPLATE, at)), 1,
              "with a new record")
    lab.clone("second", "t", guests.identity("second"))
    tap.equal(lab.state("second").get("state"), "ready", "and has clones")
    told = lab.wait("second", "set", "guestinfo.probe.siblings")
    tap.equal(told and told["text"], "", "on its own disk")
sys.exit(tap.done())
