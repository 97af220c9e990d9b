#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""With 512 nodes of one job queued, nodes that are asked for later by small
jobs get the next free lanes, in the order in which they were asked for. The
order is vclab's, in which clones were submitted.

A table that this test writes stands in Slurm's place, vclab's guests are
timed. Eight sources with a lane each; a source that is blocked keeps its lane,
so that one lane at a time becomes free.
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

MANY = 512
LANES = 8
LARGE, FIRST, SECOND = 7, 8, 9  # jobs


class Site(labsclone.Site):
    helper = node_states.__file__

    def __init__(self):
        super().__init__(nodes=1, sources=LANES, lanes=1)
        self.nodes_text = "vm[1-%d]" % (MANY + 2)
        self.config["LogLevel"] = "info"
        self.write("slurm.conf", "")

    def _guest(self, source):
        return {"kind": "sim", "ready_ms": 0}

    def start(self):
        node_states.write(self.dir,
                          ["vm%d" % (n + 1) for n in range(MANY + 2)],
                          "ALLOCATED+CLOUD+POWERING_UP", 1)
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        for source in self.sources:
            self.block(source)
        self.start_scloned()

    def ask(self, job, nodes):
        """As slurmctld does for a job."""
        self.env["SLURM_RESUME_FILE"] = self.write(
            "resume.json", json.dumps({"all_nodes_resume": nodes, "jobs": [
                {"job_id": job, "features": "rocky9", "extra": None,
                 "oversubscribe": "NO", "nodes_alloc": nodes,
                 "nodes_resume": nodes}]}))
        self.run(labslurm.program("sclone-resume"), "--spool",
                 self.path("spool"), "--socket", self.path("sclone.sock"),
                 nodes)

    def submitted(self):
        """The nodes whose clones vCenter was asked for, in that order."""
        return [entry["operationID"].split("-")[-2]
                for entry in self.witness("task_queued")
                if entry["method"] == "InstantClone_Task"]

    def await_waiting(self, node):
        labslurm.await_(lambda: self.phase(node) == "requested",
                        node + " to wait")


with Site() as site:
    site.start()
    site.ask(LARGE, "vm[1-%d]" % MANY)
    labslurm.await_(lambda: len(site.submitted()) == LANES,
                    "all lanes to be busy")
    site.await_waiting("vm%d" % MANY)
    small = ["vm%d" % (MANY + 1), "vm%d" % (MANY + 2)]
    for job, node in zip((FIRST, SECOND), small):
        site.ask(job, node)
        site.await_waiting(node)
    tap.equal([node for node in site.submitted() if node in small], [],
              "no lane is free for those who come later")
    site.unblock(site.sources[0])
    order = labslurm.await_(lambda: site.submitted()[LANES + 3:] and
                            site.submitted()[LANES:LANES + 4],
                            "the lane to be given again")
    tap.equal(order[:2], small, "with %d nodes of a job in the queue, two "
              "small jobs get the next lanes" % (MANY - LANES))
    tap.ok(not set(order[2:]) & set(small), "then the large one goes on")
sys.exit(tap.done())
