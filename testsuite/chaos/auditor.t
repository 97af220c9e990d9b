#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The auditor's rules, each against logs that break it and nothing else; and
whether the defects that prove them with the real scloned still fit."""
import copy
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
import defects  # noqa: E402
import tap  # noqa: E402

SOURCE = {"vm": "vm-1", "name": "rocky9", "user": "svc"}
DATABASE = {"vm": "vm-2", "name": "database", "user": "svc"}
DISK = "ds1/rocky9/rocky9.vmdk"


class Story:
    """Logs of a run in which one job had one clone."""

    def __init__(self):
        self.seen, self.slurm = [], []
        self.now = 1000
        self.first = [{"id": "vm-1", "name": "rocky9"},
                      {"id": "vm-2", "name": "database"}]
        self.last = copy.copy(self.first)
        self.disk = b"parent"
        self.kill = "killed"
        self.logins = 1
        self.nodes = {"vm1": {"state": "IDLE+CLOUD+POWERED_DOWN", "job": 0,
                              "reason": ""}}
        self.jobs = {"1": "COMPLETED"}

    def see(self, event, **members):
        self.now += 10
        self.seen.append(dict(time=self.now, event=event, **members))

    def note(self, event, **members):
        self.now += 10
        self.slurm.append(dict(time=self.now, event=event, **members))

    def job(self, number, state):
        self.note("job", job=number, state=state, nodes=["vm1"])

    def update(self, verb, job=0):
        self.note("update", verb=verb, node="vm1", job=job, state="",
                  up=False, reason="")

    def submit(self, epoch, task, operation="sclone-lab-vm1-%d"):
        self.see("task_queued", task=task, method="InstantClone_Task",
                 operationID=operation % epoch, **SOURCE)

    def create(self, epoch, vm, operation="sclone-lab-vm1-%d"):
        self.see("vm_created", vm=vm, name="vm1", user="svc",
                 operationID=operation % epoch)
        self.see("file_created", vm=vm, file="x")

    def destroy(self, vm):
        self.see("vm_powered_off", vm=vm, name="vm1", user="svc")
        self.see("file_deleted", vm=vm, file="x")
        self.see("vm_destroyed", vm=vm, name="vm1", user="svc")

    def begin(self):
        self.note("scloned", what="started")
        for _ in range(self.logins):
            self.see("login", user="svc")
        self.job(1, "CONFIGURING")
        self.update("mark", job=1)
        self.submit(100, "task-1")
        self.create(100, "vm-3")
        self.see("task_end", task="task-1", method="InstantClone_Task",
                 vm="vm-1", name="rocky9", user="svc")
        self.note("registered", node="vm1", vm="vm-3", job=1, taken=True)
        self.job(1, "RUNNING")

    def end(self):
        self.job(1, "COMPLETED")
        self.destroy("vm-3")
        self.update("node_resume")

    def judge(self):
        """What the auditor finds: the names of the rules."""
        self.note("scloned", what=self.kill, status=-9)
        self.note("final", nodes=self.nodes, jobs=self.jobs)
        with tempfile.TemporaryDirectory() as path:
            return self.audit(path)

    def audit(self, path):
        disk = os.path.join(path, "lab/datastores", DISK)
        os.makedirs(os.path.dirname(disk))
        with open(disk, "wb") as file:
            file.write(b"parent")
        run = [sys.executable, os.path.join(HERE, "auditor")]
        subprocess.run(run + ["--begin", path], check=True)
        with open(disk, "wb") as file:
            file.write(self.disk)
        for name, lines in (("lab/witness.log", self.seen),
                            ("slurm.log", self.slurm)):
            with open(os.path.join(path, name), "w") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
        for name, vms in ("first", self.first), ("final", self.last):
            with open(os.path.join(path, name + ".json"), "w") as file:
                json.dump({"vms": vms}, file)
        done = subprocess.run(run + [path], stdout=subprocess.PIPE)
        names = {line.split(":")[0] for line in
                 done.stdout.decode().splitlines()}
        if done.returncode != (1 if names else 0):
            names.add("status %d" % done.returncode)
        return names


def good(story):
    story.begin()
    story.end()


def no_orphan(story):
    good(story)
    story.last = story.last + [{"id": "vm-3", "name": "vm1"}]


def one_machine_a_name(story):
    story.begin()
    story.create(200, "vm-4")
    story.job(1, "COMPLETED")
    story.destroy("vm-4")
    story.end()


def no_lost_release(story):
    good(story)
    story.create(200, "vm-4")


def others_untouched(story):
    good(story)
    story.see("vm_reconfigured", **DATABASE)


def parents_intact(story):
    good(story)
    story.disk = b"Parent"


def cloned_once_an_epoch(story):
    story.begin()
    story.end()
    story.submit(100, "task-2")


def epochs_grow(story):
    story.begin()
    story.end()
    story.submit(99, "task-2")


def no_blind_submit(story):
    story.begin()
    story.submit(101, "task-2")
    story.end()


def nodes_in_service(story):
    good(story)
    story.nodes["vm1"]["state"] = "DOWN+CLOUD"


def name_free_only_when_gone(story):
    story.begin()
    story.job(1, "COMPLETED")
    story.update("node_resume")
    story.destroy("vm-3")


def marked_for_one_job(story):
    good(story)
    story.slurm = [line for line in story.slurm
                   if line.get("verb") != "mark"]


def one_job_a_machine(story):
    story.begin()
    story.note("registered", node="vm1", vm="vm-3", job=2, taken=True)
    story.end()


def jobs_undisturbed(story):
    story.begin()
    story.destroy("vm-3")
    story.job(1, "COMPLETED")


def dead_before(story):
    story.begin()
    story.see("guest_off", vm="vm-3", name="vm1")
    story.destroy("vm-3")
    story.job(1, "COMPLETED")
    story.update("node_resume")


def every_job_told(story):
    story.begin()
    story.update("force_down", job=1)
    story.end()


def told_in_time(story):
    story.begin()
    story.note("told", job=1, text="sclone: (LOST) no")
    story.update("force_down", job=1)
    story.end()


def job_without_end(story):
    good(story)
    story.jobs["2"] = "CONFIGURING"


def no_session_leaked(story):
    story.logins = 2
    story.kill = "ended"
    good(story)
    story.see("session_end", user="svc", why="logout")


def scloned_never_dies(story):
    story.kill = "died"
    good(story)


def front_ends_succeed(story):
    good(story)
    story.note("program_ended", kind="resume", status=1, text="no")


def look(breaking, found):
    story = Story()
    breaking(story)
    tap.equal(story.judge(), found, breaking.__name__ + (
        "" if found else ": nothing is found"))


for harmless in good, told_in_time, dead_before:
    look(harmless, set())
look(job_without_end, {"every_job_told"})
for breaking in (no_orphan, one_machine_a_name, no_lost_release,
                 others_untouched, parents_intact, cloned_once_an_epoch,
                 epochs_grow, no_blind_submit, nodes_in_service,
                 name_free_only_when_gone, marked_for_one_job,
                 one_job_a_machine, jobs_undisturbed, every_job_told,
                 no_session_leaked, scloned_never_dies, front_ends_succeed):
    look(breaking, {breaking.__name__})
unfit = []
for name, defect in defects.ALL.items():
    try:
        defects.edited(defect)
    except LookupError as error:
        unfit.append("%s: %s" % (name, error))
tap.equal(unfit, [], "the defects of defects.py fit the sources")
sys.exit(tap.done())
