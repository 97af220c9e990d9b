# SPDX-License-Identifier: GPL-2.0-or-later
"""What scloned goes through while it is killed at each point of it.

A scenario has prepare(), run with scloned in peace, and run(), which begins
with die_at() and ends when all has settled again. point() does both for one
point; every() does it for all there are.
"""
import os
import shutil

from chaossite import POINTS, labslurm

MINUTE_NS = 60 * 10 ** 9
POINTS_MAX = 400
MISSED_MAX = 4  # a run can have a few points less than another


class Cycle:
    """A job on two nodes: resume, register, release."""

    classes = POINTS

    def __init__(self, site):
        self.site = site
        self.table = site.table

    def prepare(self):
        pass

    def arm(self, number, after):
        self.site.die_at(number, after, self.classes)

    def run(self):
        self.serve(self.table.allocate(["vm1", "vm2"]))
        self.site.await_settled()

    def serve(self, job):
        """The job runs and ends, unless it is sent away before."""
        self.site.wait(lambda: self.table.jobs[job].state != "CONFIGURING",
                       "job %d to run" % job)
        self.table.complete(job)

    def point(self, number, after):
        """Die there; the point's name, or None when there is none."""
        self.prepare()
        self.arm(number, after)
        self.run()
        name = self.site.is_dead()
        self.site.die_at(0, False)
        return name


class Failure(Cycle):
    """A node cannot be cloned: its job is told and sent away, the other
    node of the job is released."""

    def prepare(self):
        self.site.lab("fault", kind="task_error", method="InstantClone_Task",
                      times=2, type="ManagedObjectNotFound")

    def run(self):
        super().run()
        self.site.lab("fault", kind="clear")

    def serve(self, job):
        super().serve(job)
        self.site.lab("fault", kind="clear")


class Unknown(Cycle):
    """The reply to a clone's submit is lost."""

    def prepare(self):
        self.site.lab("fault", kind="reply_lost", method="InstantClone_Task")

    def run(self):
        super().run()
        self.site.lab("fault", kind="clear")


class Takeover(Cycle):
    """scloned is started with work waiting: a job that runs, one that ended
    meanwhile, one that was asked for meanwhile."""

    def prepare(self):
        self.running = self.table.allocate(["vm1"])
        self.ended = self.table.allocate(["vm2"])
        for job in self.running, self.ended:
            self.site.wait(lambda: self.table.jobs[job].state == "RUNNING",
                           "job %d to run" % job)
        self.site.kill_scloned()
        self.table.complete(self.ended)
        self.asked = self.table.allocate(["vm3"])
        self.site.wait(lambda: not self.table.programs and
                       not self.table.running_programs, "the front ends",
                       heal=False)

    def run(self):
        self.site.start_scloned(wait=False)
        self.serve(self.asked)
        self.table.complete(self.running)
        self.site.await_settled()


class Orphans(Cycle):
    """The journal is lost, and Slurm thinks one of the nodes is off: its VM
    is found and goes after two sightings; the other one's when its job ends.
    """

    def prepare(self):
        self.jobs = [self.table.allocate([name]) for name in ("vm1", "vm2")]
        for job in self.jobs:
            self.site.wait(lambda: self.table.jobs[job].state == "RUNNING",
                           "job %d to run" % job)
        self.site.kill_scloned()
        self.lose_journal()
        self.table.forget("vm1")

    def lose_journal(self):
        self.table.log("journal", what="lost")
        shutil.rmtree(self.site.path("journal"))

    def run(self):
        self.site.leap(6 * MINUTE_NS)
        self.site.start_scloned(wait=False)
        self.site.wait_leaping(lambda: not self.table.vms["vm1"],
                               "the orphan to go",
                               lambda folder: folder.get("waiting"))
        self.table.complete(self.jobs[1])
        self.site.await_settled()


class Restored(Orphans):
    """The journal of an hour ago comes back."""

    def prepare(self):
        self.site.end_scloned()
        old = self.site.path("old")
        shutil.copytree(self.site.path("journal"), old)
        self.site.start_scloned()
        super().prepare()
        os.rename(old, self.site.path("journal"))


ALL = {"cycle": Cycle, "failure": Failure, "unknown": Unknown,
       "takeover": Takeover, "orphans": Orphans, "restored": Restored}


def every(site, name, report, both=True):
    """Die at every point of a scenario, before it and after it, or now so
    and now so; how often. report(number, after, what) is told of each."""
    scenario = ALL[name](site)
    met, missed, number = 0, 0, 0
    while missed < MISSED_MAX:
        number += 1
        for after in (False, True) if both else (bool(number % 2),):
            what = scenario.point(number, after)
            missed = 0 if what else missed + 1
            if what:
                met += 1
                report(number, after, what)
        if number == POINTS_MAX:
            raise labslurm.Late("%s has no end" % name)
    return met
