#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What would end many VMs at once, though Slurm has not given them up, ends
none: slurmctld that was started with -c, or a copy of the controller with
another key. An admin who knows better goes on."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import node_states  # noqa: E402
import tap  # noqa: E402

labslurm.require()

MANY = 64
LONG = 600  # s; VMs and slurmctld are older than the rules ask for


class ManyVms(labsclone.Site):
    """64 VMs with timed guests, and a table in slurmctld's place."""

    helper = node_states.__file__
    version = 0

    def __init__(self):
        super().__init__(nodes=MANY, sources=4, lanes=32)
        self.config["LogLevel"] = "info"
        self.write("slurm.conf", "")

    def _guest(self, source):
        return {"kind": "sim", "ready_ms": 0}

    def say(self, state):
        """What slurmctld makes of all nodes."""
        self.version += 1
        node_states.write(self.dir, self.nodes, state, self.version)

    def run_sclone_resume(self):
        text = json.dumps({"all_nodes_resume": self.nodes_text, "jobs": [{
            "job_id": 7, "features": "rocky9", "extra": None,
            "oversubscribe": "NO", "nodes_alloc": self.nodes_text,
            "nodes_resume": self.nodes_text}]})
        self.write("resume.json", text)
        self.env["SLURM_RESUME_FILE"] = self.path("resume.json")
        self.run(labslurm.program("sclone-resume"), "--spool",
                 self.path("spool"), "--socket", self.path("sclone.sock"),
                 self.nodes_text)

    def phases(self):
        return [row["phase"] for row in self.status()["nodes"]]

    def make_busy(self):
        self.say("ALLOCATED+CLOUD+POWERING_UP")
        self.start_scloned()
        self.run_sclone_resume()
        labslurm.await_(lambda: set(self.phases()) <= {"cloned",
                                                       "identified"} and
                        len(self.phases()) == MANY, "64 clones")
        self.say("ALLOCATED+CLOUD+POWER_DOWN")
        labslurm.await_(lambda: self.phases() == ["ready"] * MANY,
                        "64 nodes")

    def by_nobody(self, *args):
        return self.run("setpriv", "--reuid=65534", "--clear-groups",
                        labslurm.program("sclone"), "--socket",
                        self.path("sclone.sock"), *args, check=False)

    def harmed(self):
        return [entry for entry in self.witness() if entry["event"] in (
            "vm_powered_off", "vm_destroyed", "vm_reconfigured")]

    def start_copy(self, name, with_journal):
        """A scloned on a copy of the controller, with a key of its own."""
        os.mkdir(self.path(name))
        if with_journal:
            self.end("scloned")
            shutil.copytree(self.path("journal"),
                            self.path(name + "/journal"))
            self.start_scloned()
        self.write(name + "/key", "f" * 64 + "\n", 0o600)
        os.mkdir(self.path(name + "/spool"), 0o700)
        text = self.sclone_conf()
        for old, new in (("sclone.key", "key"), ("journal", "journal"),
                         ("spool", "spool"), ("sclone.sock", "sock")):
            text = text.replace("=" + self.path(old),
                                "=" + self.path("%s/%s" % (name, new)))
        self.write(name + "/sclone.conf", text)
        self.spawn(name, [labslurm.program("scloned"), "--config",
                          self.path(name + "/sclone.conf"),
                          "--slurm-helper", self.helper])
        self.socket = self.path(name + "/sock")
        labslurm.await_(self.is_serving, name)

    def end_copy(self, name):
        self.socket = None
        tap.equal(self.end(name), 0, name + " ends well")


def test_state_lost(site):
    """As `slurmctld -c`: what it knew of 64 busy nodes is gone."""
    site.say(node_states.DOWN)
    site.jump(LONG)
    seen = site.reconcile_twice()
    tap.ok(seen["braked"], "64 VMs that Slurm does not know: the brake")
    tap.equal({row["wait"] for row in seen["differences"].values()},
              {"too many at once: sclone reconcile --apply"},
              "none is ended, and sclone reconcile says why")
    code, text = site.sclone("status", check=False)
    tap.equal(code, 1, "sclone status wants a look at it")
    tap.contains(text, "too many VMs would be released at once", "and why")


def test_copies(site):
    for name, with_journal in (("copy", True), ("fresh", False)):
        site.start_copy(name, with_journal)
        site.reconcile_twice()
        site.jump(61)
        seen = site.reconcile("--apply")
        tap.equal(seen["foreign" if not with_journal else "ours"], MANY,
                  "a %s controller sees 64 VMs" % name)
        if with_journal:
            labslurm.await_(lambda: all(row.get("refused") for row in
                                        site.status()["nodes"]),
                            "the guard to refuse all")
        else:
            tap.equal({row.get("event") for row in
                       seen["differences"].values()}, {None},
                      "without a journal it takes none for its own")
        site.end_copy(name)
    tap.equal(site.harmed(), [], "another key: none is touched")


def test_applied(site):
    site.reconcile_twice()
    tap.equal(site.harmed(), [], "none is ended, however often it is seen")
    code, text = site.by_nobody("reconcile")
    tap.equal((code, text.count("too many at once")), (1, MANY + 1),
              "everybody may look")
    tap.equal(site.by_nobody("reconcile", "--apply")[0], 2,
              "not everybody may release the brake")
    seen = site.reconcile("--apply")
    tap.ok(all(row["done"] for row in seen["differences"].values()),
           "an admin may")
    labslurm.await_(lambda: not site.status()["nodes"], "64 releases")
    tap.equal(site.clones(), [], "then all go")
    rows = site.history("--limit", "100")
    tap.equal([row["outcome"] for row in rows], ["ORPHAN"] * MANY,
              "each with a record")


with ManyVms() as site:
    site.write_secrets()
    site.start_vclab()
    site.write_sclone_conf()
    site.make_busy()
    tap.equal(len(site.clones()), MANY, "64 busy VMs")
    test_state_lost(site)
    test_copies(site)
    test_applied(site)
sys.exit(tap.done())
