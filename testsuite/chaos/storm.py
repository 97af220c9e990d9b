# SPDX-License-Identifier: GPL-2.0-or-later
"""A random life of a site: jobs, kills, faults of all peers. What happens
follows from the seed alone; when it happens does not.
"""
import random

from chaossite import labsclone

STEPS = 14
SECOND_NS = 10 ** 9

METHODS = ("InstantClone_Task", "PowerOffVM_Task", "Destroy_Task",
           "RetrievePropertiesEx", "FindByUuid", "FindByInventoryPath",
           "FindChild",
           "WaitForUpdatesEx", "ModifyListView", "CreateFilter", "Login", "*")
TASKS = METHODS[:3]
KINDS = ("fault", "reply_lost", "half_reply", "reset", "http503",
         "huge_reply", "slow_bytes", "delay", "delay_reply",
         "expire_session", "restart")
TASK_KINDS = ("task_error", "error_after_success")
TYPES = ("SystemError", "InsufficientResourcesFault", "TaskInProgress",
         "InvalidState", "ManagedObjectNotFound",
         "HostCommunication", "DuplicateName")
MODES = ("good", "good", "good", "slow", "failed", "lying", "off")


class Storm:
    """name() is one kind of thing that happens; see ACTS."""

    def __init__(self, site, seed):
        self.site = site
        self.table = site.table
        self.dice = random.Random(seed)
        self.told = []  # what happened
        self.undo = []

    def say(self, text, *args):
        self.told.append(text % args)

    # Users.

    def job(self):
        free = self.table.free_nodes()
        self.dice.shuffle(free)
        names = free[:self.dice.choice((1, 1, 2))]
        if names:
            number = self.table.allocate(names)
            self.say("job %d on %s", number, ",".join(names))

    def end_of_job(self):
        running = self.jobs("RUNNING")
        if running:
            number = self.dice.choice(running)
            self.table.complete(number)
            self.say("end of job %d", number)

    def cancel(self):
        waiting = self.jobs("CONFIGURING")
        if waiting:
            number = self.dice.choice(waiting)
            self.table.complete(number, "CANCELLED")
            self.say("job %d is cancelled", number)

    def jobs(self, state):
        return sorted(number for number, job in self.table.jobs.items()
                      if job.state == state)

    # scloned.

    def kill(self):
        self.site.heal()
        self.site.kill_scloned()
        self.say("kill")

    def kill_later(self):
        number, after = self.dice.randint(1, 40), self.dice.random() < 0.5
        self.site.die_at(number, after)
        self.say("kill %s point %d", "after" if after else "before", number)

    def clock(self):
        seconds = self.dice.choice((-3600, -5, 5, 3600))
        self.site.control.jump += seconds * SECOND_NS
        self.say("the clock goes %+d s", seconds)

    def ask_again(self):
        """slurmctld runs ResumeProgram once more for a job's nodes."""
        for number in self.jobs("CONFIGURING")[:1]:
            with self.table.changed:
                self.table.ask(self.table.jobs[number])
            self.say("job %d is asked for again", number)

    # vCenter.

    def fault(self):
        method = self.dice.choice(METHODS)
        kinds = KINDS + TASK_KINDS * 2 if method in TASKS else KINDS
        rule = {"kind": self.dice.choice(kinds), "method": method,
                "nth": self.dice.randint(1, 4),
                "times": self.dice.randint(1, 2), "ms": 200,
                "bytes": 100000}
        if rule["kind"] in ("fault", "task_error", "error_after_success"):
            rule["type"] = self.dice.choice(TYPES)
        self.site.lab("fault", **rule)
        self.say("%s", rule)

    def vcenter(self):
        kind = self.dice.choice(("restart", "expire_session"))
        self.site.lab("fault", kind=kind)
        self.say("vCenter: %s", kind)

    def trouble(self):
        """Something is out of order until the end, or until it is undone."""
        on, off = self.dice.choice((
            (dict(kind="host_lost", host="esx01", lost=True),
             dict(kind="host_lost", host="esx01", lost=False)),
            (dict(kind="maintenance", host="esx02", on=True),
             dict(kind="maintenance", host="esx02", on=False)),
            (dict(kind="datastore_full", datastore="ds1", full=True),
             dict(kind="datastore_full", datastore="ds1", full=False))))
        self.site.lab("fault", **on)
        self.undo.append(lambda: self.site.lab("fault", **off))
        self.say("vCenter: %s", on)

    def machine(self):
        """Something happens to a clone."""
        there = sorted(name for name, ids in self.table.vms.items() if ids)
        if not there:
            return
        name = self.dice.choice(there)
        action = self.dice.choice(({"action": "kill"},
                                   {"action": "migrate", "host": "esx02"},
                                   {"action": "question", "text": "Well?"}))
        if not self.touch(name, **action):
            return
        self.say("%s: %s", name, action)
        if action["action"] == "question":
            self.undo.append(lambda: self.touch(name, action="question"))

    def touch(self, name, **action):
        """It may be gone by now."""
        try:
            self.site.lab("vm", vm=labsclone.FOLDER + "/" + name, **action)
        except labsclone.urllib.error.HTTPError:
            return False
        return True

    # Slurm.

    def slurm(self):
        kind = self.dice.choice(("away", "lose", "refuse"))
        if kind == "away":
            self.table.set_away(True)
            self.undo.append(lambda: self.table.set_away(False))
        elif kind == "lose":
            self.table.lose = self.dice.randint(1, 3)
        else:
            self.table.refuse[self.dice.choice((
                "mark", "force_down", "node_resume", "node",
                "admin_comment_append", "notify_job"))] = 2
        self.say("slurmctld: %s", kind)

    def relief(self):
        if self.undo:
            self.undo.pop(self.dice.randrange(len(self.undo)))()
            self.say("relief")

    # The whole.

    ACTS = ((job, 8), (end_of_job, 5), (cancel, 1), (kill, 2),
            (kill_later, 5), (clock, 1), (ask_again, 1), (fault, 6),
            (vcenter, 2), (trouble, 1), (machine, 2), (slurm, 2),
            (relief, 3))

    def blow(self):
        acts, weights = zip(*self.ACTS)
        self.job()
        for _ in range(STEPS):
            self.dice.choices(acts, weights)[0](self)
            pause = self.dice.choice((0, 0.005, 0.02, 0.06))
            self.site.linger(pause)

    def calm(self):
        """All faults are over; what was asked for gets its end."""
        self.site.die_at(0, False)
        self.site.lab("fault", kind="clear")
        while self.undo:
            self.undo.pop()()
        self.table.lose = 0
        self.table.refuse.clear()
        self.site.wait_leaping(self.is_over, "the end of all jobs")

    def is_over(self):
        for number in self.jobs("RUNNING"):
            self.table.complete(number)
        return self.table.is_settled() and self.is_at_rest()

    def is_at_rest(self):
        """scloned does nothing any more about the VM of a free node."""
        status = self.site.status()
        return status is not None and not any(
            row["phase"] != "absent" and
            self.table.nodes[row["node"]].is_free()
            for row in status["nodes"])


def mode_of(seed):
    """How the guest of the last node behaves."""
    return random.Random(seed * 31 + 7).choice(MODES)
