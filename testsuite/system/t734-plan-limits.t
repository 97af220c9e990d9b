#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`sclone plan` knows MaxClones= as scloned does: from a snapshot taken before
three jobs ask, it tells which of them are begun, in which order, and why one is
not, and scloned then does the same.

A table that this test writes stands in Slurm's place, vclab's guests are
timed.
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

NODES = 8
# vm1 has its clone; of four that may be, three are left. The second job of
# two does not fit on top of the first; the one after it does.
JOBS = [(7, "vm[2-3]"), (8, "vm[4-5]"), (9, "vm6")]


class Site(labsclone.Site):
    helper = node_states.__file__

    def __init__(self):
        super().__init__(nodes=NODES, sources=1, lanes=1)
        self.config = {"LogLevel": "info", "MaxClones": 4}
        self.write("slurm.conf", "")

    def _guest(self, source):
        return {"kind": "sim", "ready_ms": 0}

    def start(self):
        node_states.write(self.dir, self.nodes,
                          "ALLOCATED+CLOUD+POWERING_UP", 1)
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        self.start_scloned()

    def ask(self, jobs):
        """As slurmctld does; the file stays for `sclone plan`."""
        nodes = ",".join(nodes for _, nodes in jobs)
        self.env["SLURM_RESUME_FILE"] = self.write(
            "resume.json", json.dumps({"all_nodes_resume": nodes, "jobs": [
                {"job_id": job, "features": "rocky9", "extra": None,
                 "oversubscribe": "NO", "nodes_alloc": nodes,
                 "nodes_resume": nodes} for job, nodes in jobs]}))
        self.run(labslurm.program("sclone-resume"), "--spool",
                 self.path("spool"), "--socket", self.path("sclone.sock"),
                 nodes)

    def rows(self):
        return {row["node"]: row for row in self.status()["nodes"]}

    def submitted(self):
        return [entry["operationID"].split("-")[-2]
                for entry in self.witness("task_queued")
                if entry["method"] == "InstantClone_Task"]


with Site() as site:
    site.start()
    site.ask([(6, "vm1")])
    labslurm.await_(lambda: site.rows().get("vm1", {}).get("phase") in (
        "cloned", "identified"), "the first clone")
    site.sclone("snapshot", site.path("snapshot.json"))
    site.sclone("pause")
    site.ask(JOBS)
    labslurm.await_(lambda: len([row for row in site.rows().values()
                                 if "paused" in row.get("error", "")]) == 5,
                    "all to wait")
    site.sclone("unpause")
    labslurm.await_(lambda: len(site.submitted()) == 4 and len(
        [row for row in site.rows().values()
         if "MaxClones=" in row.get("error", "")]) == 2,
        "what has room to be begun, and the rest to wait")
    code, text = site.sclone("--json", "plan", site.path("resume.json"),
                             "--snapshot", site.path("snapshot.json"),
                             check=False)
    reply = json.loads(text)
    rows = {row["node"]: row for row in reply["nodes"]}
    order = [row["node"] for row in
             sorted((row for row in rows.values()
                     if row["fate"] == "cloned"),
                    key=lambda row: row["order"])]
    tap.equal(sorted(order), ["vm2", "vm3", "vm6"],
              "two of three jobs have room")
    tap.equal(order, site.submitted()[1:],
              "the same clones are planned as scloned makes, in their order")
    tap.equal({name: (rows[name]["fate"], rows[name]["why"])
               for name in ("vm4", "vm5")},
              {name: ("waits", site.rows()[name]["error"])
               for name in ("vm4", "vm5")},
              "and the other job waits for the same reason")
    tap.contains(rows["vm4"]["why"], "MaxClones= has no room for all nodes",
                 "namely this")
    old = json.load(open(site.path("snapshot.json")))
    old["snapshot"] = 1
    site.write("old.json", json.dumps(old))
    code, text = site.sclone("plan", "vm2", "--snapshot",
                             site.path("old.json"), check=False)
    tap.equal(code, 2, "a snapshot of an older sclone is refused")
    tap.contains(text, "take another one: sclone snapshot", "with a cure")
sys.exit(tap.done())
