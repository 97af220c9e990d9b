#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills and faults with the real slurmctld, real slurmds and the real
scloned-slurm: twelve seeds, or those named. Both daemons are killed in each;
over all seeds, vCenter shows every fault that vclab knows. Needs root.

	slurmctld.t [SEED...]
"""
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

SEEDS = range(1, 13)
STEPS = 10
BOUND = 400
CLONE, OFF, DESTROY = "InstantClone_Task", "PowerOffVM_Task", "Destroy_Task"
METHODS = (CLONE, OFF, DESTROY, "RetrievePropertiesEx", "FindByUuid",
           "WaitForUpdatesEx", "Login")
FAULTS = ("fault", "task_error", "error_after_success", "reply_lost",
          "half_reply", "reset", "http503", "huge_reply", "slow_bytes",
          "delay", "delay_reply", "expire_session", "restart")
STATES = (({"kind": "host_lost", "host": "esx01", "lost": True},
           {"kind": "host_lost", "host": "esx01", "lost": False}),
          ({"kind": "maintenance", "host": "esx02", "on": True},
           {"kind": "maintenance", "host": "esx02", "on": False}),
          ({"kind": "datastore_full", "datastore": "ds1", "full": True},
           {"kind": "datastore_full", "datastore": "ds1", "full": False}))
JOB = "%s; sleep %.1f; %s"


class Witness:
    """What the auditor reads, of the real Slurm: starts and kills, and the
    nodes and jobs at the end."""

    def __init__(self, site):
        self.site = site
        self.log("real_slurm")

    def log(self, event, **members):
        with open(self.site.path("slurm.log"), "a") as file:
            file.write(json.dumps(dict(time=time.time_ns() // 1000,
                                       event=event, **members)) + "\n")

    def final(self):
        nodes, jobs = {}, {}
        for name in self.site.nodes:
            shown = self.site.show("node", name)
            nodes[name] = {"state": shown["State"], "job": 0,
                           "reason": self.reason(name)}
        text = self.site.scontrol("-o", "show", "jobs", check=False)
        for line in text.splitlines():
            found = re.match(r"JobId=(\d+).* JobState=(\S+)", line)
            if found:
                told = "AdminComment=sclone: (" in line
                state = found.group(2)
                jobs[found.group(1)] = "REQUEUED" if told else state
        self.log("final", nodes=nodes, jobs=jobs)

    def reason(self, name):
        text = self.site.scontrol("-o", "show", "node", name)
        found = re.search(r" Reason=(.*?) \[", text)
        return found.group(1) if found else ""


class Storm:
    def __init__(self, site, witness, seed):
        self.site = site
        self.witness = witness
        self.dice = random.Random(seed)
        self.seed = seed
        self.undo = None

    def job(self):
        number = self.dice.choice((1, 1, 2))
        self.site.sbatch("-N%d" % number, "--wrap=" + JOB % (
            labsclone.BEGAN, self.dice.random(), labsclone.ENDED))

    def kill_scloned(self):
        self.site.end("scloned", signal.SIGKILL)
        self.witness.log("scloned", what="killed")
        self.start_scloned()

    def start_scloned(self):
        self.witness.log("scloned", what="started")
        self.site.start_scloned(wait=False)

    def kill_slurmctld(self):
        self.site.end("slurmctld", signal.SIGKILL)
        self.site.start_slurmctld()

    def fault(self, kind):
        method = self.dice.choice((CLONE, OFF, DESTROY) if kind in (
            "task_error", "error_after_success") else METHODS)
        self.site.fault(kind, method, nth=self.dice.randint(1, 3),
                        type="SystemError", ms=500, bytes=200000)
        tap.diag("seed %d: %s of %s" % (self.seed, kind, method))

    def faults(self):
        """Three a seed, so that all have been after a few."""
        for n in range(3):
            self.fault(FAULTS[(3 * self.seed + n) % len(FAULTS)])
        on, off = STATES[self.seed % len(STATES)]
        self.site.lab("fault", **on)
        self.undo = off

    def blow(self):
        self.job()
        acts = [self.job] * 4 + [self.kill_scloned, self.kill_slurmctld,
                                 self.faults, self.relief]
        self.dice.shuffle(acts)
        for act in acts:
            time.sleep(self.dice.random() * 0.5)
            act()

    def relief(self):
        if self.undo:
            self.site.lab("fault", **self.undo)
        self.undo = None

    def calm(self):
        self.relief()
        self.site.lab("fault", kind="clear")
        labslurm.await_(self.is_over, "the end of all jobs", BOUND)

    def is_over(self):
        """Two sightings and the calm after a start come at once."""
        if self.site.is_serving():
            self.site.jump(65)
            self.site.sclone("reconcile", "--now", check=False)
        return (not self.site.run("squeue", "-h")[1].strip() and
                self.site.is_clean())


def live(site, seed):
    site.requeue_soon()
    site.wrap_programs()
    site.write_secrets()
    site.start_vclab()
    site.write_sclone_conf()
    site.write("first.json", json.dumps(site.lab("vms")))
    labslurm.await_(lambda: len(site.witness("vm_frozen")) ==
                    len(site.sources), "frozen sources")
    auditor = [sys.executable, os.path.join(HERE, "auditor")]
    subprocess.run(auditor + ["--begin", site.dir], check=True)
    witness = Witness(site)
    storm = Storm(site, witness, seed)
    site.start_slurm()
    storm.start_scloned()
    storm.blow()
    storm.calm()
    witness.final()
    status = site.end("scloned")
    witness.log("scloned", what="died" if status else "ended", status=status)
    site.write("final.json", json.dumps(site.lab("vms")))
    done = subprocess.run(auditor + [site.dir], stdout=subprocess.PIPE)
    tap.equal(done.stdout.decode().splitlines(), [],
              "seed %d: the auditor finds nothing" % seed)
    tap.ok(all(len(jobs) <= 1 for jobs in site.tenants()),
           "seed %d: no clone had two jobs" % seed)


def main(seeds):
    labslurm.require()
    for seed in seeds:
        with labsclone.Site(nodes=4, sources=2) as site:
            live(site, seed)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or SEEDS))
