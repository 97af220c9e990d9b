#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""When a host's memory or a datastore's space is short, names that have no
room are drained: a job that is too large pends with that reason and starts
nothing, what fits runs, and when there is room again the names are given back
and the large job starts by itself. A job that got its nodes all the same waits
to its deadline, is told and requeued, and what was made for it goes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

HOST_MB = 65536  # of the lab's host, on which the source has its memory, too
CLONE_MB = 512
GROWTH = 150  # percent
NEED_MB = CLONE_MB * GROWTH // 100
DISK_MB = 2048
PIECE_MB = NEED_MB - 10  # too little for one more
SETTLE = 11  # s; a fact must last so long before names are drained for it
CALM = 41  # and so long before they are given back
MEMORY = "sclone: (capacity) memory of esx01"
SPACE = "sclone: (capacity) space on ds1"


def leave_memory(site, clones):
    """Room for so many clones, and a piece."""
    free = clones * NEED_MB + PIECE_MB
    site.lab("host", host="esx01", others_mb=HOST_MB - CLONE_MB - free)


def leave_space(site, clones):
    site.lab("datastore", datastore="ds1",
             free_mb=clones * (CLONE_MB + DISK_MB) + PIECE_MB)


def reason(site, node):
    """Of its drain, or None."""
    if "DRAIN" not in site.state(node):
        return None
    shown = site.scontrol("show", "node", node).partition("Reason=")[2]
    return shown.split("\n")[0].rsplit(" [", 1)[0]


def reasons(site):
    return [reason(site, node) for node in site.nodes]


def room(site):
    """As weighed in a look at Slurm's nodes, which is made at once and not in
    some seconds."""
    site.reconcile("--now")
    return site.status()["capacity"][0]["room"]


def await_reasons(site, clones, seconds, want, what):
    """What was weighed has lasted; then the names are as they should be."""
    labslurm.await_(lambda: room(site) == clones,
                    "room for %d clones to be seen" % clones)
    site.jump(seconds)
    labslurm.await_(lambda: room(site) == clones and reasons(site) == want,
                    "%s: %s" % (what, want))
    tap.ok(True, what)


def pends(site, job):
    """Once the scheduler has looked at it."""
    return labslurm.await_(
        lambda: site.show("job", job)["JobState"] == "PENDING" and
        site.show("job", job)["Reason"] not in ("None", "Priority") and
        site.show("job", job)["Reason"], "job %d to pend" % job)


def test_memory(site):
    leave_memory(site, 2)
    await_reasons(site, 2, SETTLE, [None, None, MEMORY, MEMORY],
                  "memory for two clones as they grow: two of four names "
                  "are drained")
    wide = site.sbatch("-N4", "--wrap=true")
    tap.diag("a job of 4: " + pends(site, wide))
    narrow = site.sbatch("-N2", "--wrap=while [ ! -e %s ]; do sleep 0.05; "
                         "done" % site.path("go"))
    site.await_job(narrow, "RUNNING")
    tap.equal(site.clones(), ["vm1", "vm2"], "a job of two runs meanwhile")
    labslurm.await_(lambda: room(site) == 0, "what they may grow to")
    site.jump(CALM)
    tap.equal((room(site), reasons(site)), (0, [None, None, MEMORY, MEMORY]),
              "its clones take less at first, and no name is given back for "
              "that")
    site.write("go", "")
    site.await_job(narrow, "COMPLETED")
    site.await_clean()
    tap.equal((site.job_state(wide), site.show("job", wide)["Restarts"],
               sorted(name for name, _, _ in site.lives())),
              ("PENDING", "0", ["vm1", "vm2"]),
              "the large one pends all the time: nothing is begun for it")
    site.lab("host", host="esx01", others_mb=0)
    await_reasons(site, 4, CALM, [None] * 4,
                  "memory returns: the names are given back")
    site.await_job(wide, "COMPLETED")
    tap.equal(site.show("job", wide)["Restarts"], "0",
              "and the large job starts by itself, once")
    site.await_clean()


def test_space(site):
    leave_space(site, 3)
    await_reasons(site, 3, SETTLE, [None, None, None, SPACE],
                  "swap files and disks for three clones: one name is "
                  "drained")
    wide = site.sbatch("-N4", "--wrap=true")
    tap.diag("a job of 4: " + pends(site, wide))
    leave_space(site, 50)
    await_reasons(site, 4, CALM, [None] * 4,
                  "space returns: it is given back")
    site.await_job(wide, "COMPLETED")
    tap.equal(site.show("job", wide)["Restarts"], "0",
              "and the large job starts by itself, once")
    site.await_clean()


def test_race(site):
    """slurmctld gives a job its nodes before scloned sees that memory is
    short."""
    before = len(site.lives())
    site.end("scloned")
    wide = site.sbatch("-N4", "--wrap=true")
    site.await_state("vm4", have={"ALLOCATED"})
    leave_memory(site, 2)
    site.start_scloned()
    labslurm.await_(lambda: len(
        [row for row in site.status()["nodes"] if row["phase"] == "ready"]
        ) == 2 and len(
        [row for row in site.status()["nodes"]
         if "short of memory" in row.get("error", "")]) == 2,
        "two nodes to be up, and two to wait for memory")
    site.jump(600)
    labslurm.await_(lambda: site.show("job", wide)["Restarts"] == "1",
                    "the job to be requeued")
    tap.contains(site.scontrol("show", "job", str(wide)),
                 "sclone: (CAPACITY) no source of rocky9 can clone: 1 short of "
                 "memory", "a job that got its nodes all "
                 "the same is told why, and requeued at its deadline")
    labslurm.await_(lambda: site.clones() == [], "its clones to go")
    tap.equal(len(site.lives()) - before, 2,
              "two clones were made for it, and go with it")
    site.lab("host", host="esx01", others_mb=0)
    site.await_job(wide, "COMPLETED")
    tap.ok(True, "when memory returns, it runs")
    site.await_clean()


with labsclone.Site(nodes=4) as lab:
    lab.requeue_soon()
    lab.template_keys = {"rocky9": {"MemoryGrowth": GROWTH,
                                    "DiskGrowth": DISK_MB}}
    lab.start()
    test_memory(lab)
    test_space(lab)
    test_race(lab)
sys.exit(tap.done())
