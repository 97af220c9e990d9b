#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clones of one frozen machine: what must differ does, what each wrote is
its own, and each took the identity it was given."""
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../lib"))
import guests
import tap

PROBE = os.path.join(guests.SOURCE, "testsuite/system/probe-slurmd")


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def told(lab, vm, what):
    report = lab.wait(vm, "set", "guestinfo.probe." + what)
    return report["text"] if report else None


image = guests.make_image("--slurmd", PROBE)
with guests.Lab() as lab:
    tap.ok(lab.source("t", image), "a source boots and is frozen")
    record = json.loads(lab.wait("t", "set", guests.TEMPLATE)["text"])
    tap.equal(record["slurmd"], "NodeName=probe CPUs=1 RealMemory=200",
              "it left the template's record")
    ram = lab.path("t", "ram")
    disk = lab.path("t", "disk.qcow2")
    before = (digest(ram), digest(disk))

    texts = {}
    for node in ("vm1", "vm2"):
        texts[node] = guests.identity(
            node, conf_server="10.0.2.2:6817",
            slurmd=["--instance-id=i-" + node])
        lab.clone(node, "t", texts[node])
    for node in ("vm1", "vm2"):
        state = lab.state(node)
        tap.equal(state.get("state"), "ready", node + " is ready")
        epoch = json.loads(texts[node])["epoch"]
        tap.equal(state.get("epoch"), epoch, "with its epoch")
        used = [r["text"] for r in lab.seen if r["vm"] == node and
                r["event"] == "set" and r["key"] == guests.KEY][-1]
        tap.equal(used, "used %d" % epoch, "and has marked the identity used")
        ms = state.get("ms", {})
        tap.ok(0 <= ms.get("identity", -1) <= ms.get("network", -1) <=
               ms.get("slurmd", -1), "phases in their order: %s" % ms)
        tap.equal(told(lab, node, "args"), "-b -N %s --conf-server "
                  "10.0.2.2:6817 --instance-id=i-%s" % (node, node),
                  "slurmd's arguments")
        tap.equal(told(lab, node, "host"), node, "host name")
        tap.equal(told(lab, node, "addr"), "10.0.2.15/24", "address")
        tap.equal(told(lab, node, "route"), "10.0.2.2", "route")
        tap.equal(told(lab, node, "mtu"), "1400", "MTU")
        tap.equal(told(lab, node, "dns"), "10.0.2.3", "name server")
        off = int(told(lab, node, "clock")) - epoch / 1e6
        tap.ok(-1 <= off <= guests.LIMIT, "clock, %.1f s on" % off)
        told(lab, node, "end")
    for what in ("machine-id", "uuid", "urandom", "munge", "mac"):
        one, two = told(lab, "vm1", what), told(lab, "vm2", what)
        tap.ok(one and two and one != two, "%s differs" % what)
    tap.ok(told(lab, "vm1", "munge").startswith("MUNGE:"),
           "munged gave a credential")
    for node in ("vm1", "vm2"):
        tap.equal(told(lab, node, "siblings"), "",
                  node + " sees nothing of its sibling's disk")
        tap.equal(told(lab, node, "written"), "data %s " % node,
                  "and what it wrote itself")
    tap.ok((digest(ram), digest(disk)) == before,
           "memory and disk of the source are as before, byte by byte")
    lab.do("destroy", vm="vm1")
    lab.do("destroy", vm="vm2")
sys.exit(tap.done())
