#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A thousand clones made and destroyed (ten thousand with SCLONE_LONG set)
leave scloned with the descriptors and the memory it had before them.

vclab's guests are timed, and a table that this test writes stands in Slurm's
place. The sanitizer's quarantine is off, so that memory freed is memory that
can be used again.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import node_states  # noqa: E402
import tap  # noqa: E402

NODES = 100
LONG = os.environ.get("SCLONE_LONG")
ROUNDS = 100 if LONG else 10
# Rounds before what is held counts: SQLite's cache of 2 MiB fills. After 14
# ten rounds add far less than is looked for, after 30 nothing.
WARM = 30 if LONG else 14
GROWTH_KIB = 896  # a thousand leaks of 1 KiB are more than that and noise
PREFIX = "vm"


class Site(labsclone.Site):
    def __init__(self):
        super().__init__(nodes=1)
        self.names = ["%s%d" % (PREFIX, n + 1) for n in range(NODES)]
        self.nodes_text = "%s[1-%d]" % (PREFIX, NODES)
        self.lanes = 32
        self.config = {"InFlight": 32, "LogLevel": "warn"}
        self.version = 0
        self.write("slurm.conf", "")
        self.env["ASAN_OPTIONS"] += (
            ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0")

    def _guest(self, source):
        return {"kind": "sim", "ready_ms": 1}

    def inventory(self):
        inventory = super().inventory()
        inventory["real_files"] = False
        for host in inventory["hosts"]:
            host.update(slots=32, memory_mb=1 << 24)
        return inventory

    def set_nodes(self, state):
        self.version += 1
        node_states.write(self.dir, self.names, state, self.version)

    def start(self):
        self.set_nodes(node_states.DOWN)
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        self.spawn("scloned", [
            labslurm.program("scloned"), "--config", self.path("sclone.conf"),
            "--slurm-helper", node_states.__file__])
        labslurm.await_(self.is_serving, "scloned")

    def call(self, name, jobs=None):
        """A program of slurm.conf, for all nodes."""
        if jobs:
            self.env["SLURM_RESUME_FILE"] = self.write(
                "resume.json", json.dumps({"jobs": jobs}))
        self.run(labslurm.program(name), "--spool", self.path("spool"),
                 "--socket", self.path("sclone.sock"), self.nodes_text)
        self.env.pop("SLURM_RESUME_FILE", None)

    def await_phase(self, phase):
        def are_there():
            nodes = self.status()["nodes"]
            if phase == "absent":
                return not nodes
            return len(nodes) == NODES and all(node["phase"] == phase
                                               for node in nodes)
        labslurm.await_(are_there, "all nodes to be " + phase)

    def cycle(self, number):
        """Each node comes, has a job, and goes."""
        self.set_nodes("ALLOCATED+CLOUD+POWERING_UP")
        self.call("sclone-resume", [{"job_id": number,
                                     "nodes": self.nodes_text}])
        self.await_phase("identified")
        self.set_nodes("ALLOCATED+CLOUD+POWER_DOWN")
        self.await_phase("ready")
        self.set_nodes("IDLE+CLOUD+POWERING_DOWN")
        self.call("sclone-suspend")
        self.await_phase("absent")

    def held(self):
        """(descriptors, KiB in memory) of scloned."""
        pid = self.children["scloned"].pid
        with open("/proc/%d/status" % pid) as file:
            kib = next(int(line.split()[1]) for line in file
                       if line.startswith("VmRSS:"))
        return len(os.listdir("/proc/%d/fd" % pid)), kib


labslurm.require()
with Site() as site:
    site.start()
    for number in range(WARM):
        site.cycle(number + 1)
    fds, kib = site.held()
    for number in range(ROUNDS):
        site.cycle(WARM + number + 1)
    fds_after, kib_after = site.held()
    cycles = ROUNDS * NODES
    made = len(site.witness("vm_created"))
    gone = len(site.witness("vm_destroyed"))
    tap.equal((made, gone), (cycles + WARM * NODES,) * 2,
              "%d clones were made and destroyed" % made)
    tap.diag("descriptors %d, then %d; %d KiB, then %d"
             % (fds, fds_after, kib, kib_after))
    tap.ok(fds_after <= fds, "no descriptor more after %d cycles" % cycles)
    tap.ok(kib_after - kib < GROWTH_KIB, "and not the memory of a leak")
sys.exit(tap.done())
