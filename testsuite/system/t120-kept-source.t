#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A frozen source in the cache: a second lab clones from it without a boot,
and another image does not find it."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../lib"))
import guests
import tap

PROBE = os.path.join(guests.SOURCE, "testsuite/system/probe-slurmd")

image = guests.make_image("--slurmd", PROBE)
tap.equal(guests.make_image("--slurmd", PROBE), image,
          "the same image is found again")
with tempfile.TemporaryDirectory() as cache:
    with guests.Lab() as lab:
        tap.ok(lab.source("t", image, cache=cache), "a source is frozen")
        record = lab.wait("t", "set", guests.TEMPLATE)["text"]
        tap.ok(os.path.exists(lab.path("t", "console.log")), "by a boot")
        lab.clone("vm1", "t", guests.identity("vm1"))
        tap.equal(lab.state("vm1").get("state"), "ready", "it has a clone")
    kept = os.listdir(cache)
    tap.equal(len(kept), 1, "one source is kept, nothing else: %s" % kept)
    tap.equal(sorted(os.listdir(os.path.join(cache, kept[0]))),
              ["disk.qcow2", "ram", "state", "template"], "whole")

    with guests.Lab() as lab:
        tap.ok(lab.source("t", image, cache=cache), "a second lab has it")
        tap.ok(not os.path.exists(lab.path("t", "console.log")),
               "without a boot")
        tap.equal(lab.wait("t", "set", guests.TEMPLATE)["text"], record,
                  "with its record")
        for node in ("vm1", "vm2"):
            lab.clone(node, "t", guests.identity(node))
        for node in ("vm1", "vm2"):
            tap.equal(lab.state(node).get("state"), "ready",
                      node + " is ready")
        lab.do("power_off", vm="t")
        at = lab.do("power_on", vm="t")
        lab.wait("t", "frozen", skip=at)
        tap.ok(os.path.exists(lab.path("t", "console.log")),
               "a reset boots it")
    tap.equal(os.listdir(cache), kept, "and the kept one stays")

    other = guests.make_image("--slurmd", PROBE, "--conf", "DhcpTime=30s")
    with guests.Lab() as lab:
        tap.ok(lab.source("t", other, cache=cache),
               "a source of another image")
        tap.ok(os.path.exists(lab.path("t", "console.log")), "is booted")
    tap.equal(len(os.listdir(cache)), 2, "and kept beside")
sys.exit(tap.done())
