#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""By whatever means Slurm knows, no second job lands on a used VM, not even
the same one's second run; and every job runs. The jobs' own notes are the
judge: which ran on which VM."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = labsclone.BEGAN


def hold(site):
    """What runs until its job is let go."""
    return "%s; while [ ! -e %s-$SLURM_JOB_ID ]; do sleep 0.05; done" % (
        BEGAN, site.path("end"))


def submit(site, *args, run=BEGAN):
    return site.sbatch("--open-mode=append", *args, "--wrap=" + run)


def let_go(site, job):
    site.write("end-%d" % job, "")


def judge(site, runs, what):
    """Each of the jobs ran as often as runs says, each time on a VM of its
    own, on which nobody else was."""
    for job in runs:
        site.await_job(job, "COMPLETED")
    vms = [jobs for jobs in site.tenants() if set(jobs) & set(runs)]
    tap.equal([jobs for jobs in vms if len(jobs) > 1], [],
              what + ": a VM each")
    ran = sum(vms, [])
    tap.equal({job: ran.count(job) for job in runs}, runs,
              what + ": and each ran")


def array(site, node):
    """The jobs of an array of two, which is not an ordinary number."""
    first = submit(site, "-w", node, "--array=1-2")
    labslurm.await_(lambda: all("JobState=COMPLETED" in row for row in
                                array_rows(site, first)), "the array")
    return [int(row.split()[0].partition("=")[2])
            for row in array_rows(site, first)]


def array_rows(site, job):
    return site.scontrol("-o", "show", "job", str(job)).strip().split("\n")


def test_submitted(site):
    """Each on nodes of its own, all at the same time."""
    site.scontrol("create", "reservation", "ReservationName=r", "Users=root",
                  "StartTime=now", "Duration=60", "Nodes=vm3")
    attacks = {
        "--oversubscribe": [submit(site, "-w", "vm1", "--oversubscribe",
                                   "-n1") for _ in range(2)],
        "a reservation": [submit(site, "-w", "vm3", "--reservation=r")
                          for _ in range(2)],
        "partitions that overlap": [
            submit(site, "-w", "vm4", "-p", name, "-n1")
            for name in ("vm", "high")],
    }
    script = site.script("het", "srun --het-group=0,1 sh -c '%s'\n" % BEGAN)
    hets = [int(site.run("sbatch", "--parsable", *site.job_place(), "-w",
                         "vm5", ":", "-w", "vm6", script)[1])
            for _ in range(2)]
    numbers = array(site, "vm2")
    judge(site, {job: 1 for job in numbers}, "an array")
    for what, jobs in attacks.items():
        judge(site, {job: 1 for job in jobs}, what)
    # All its parts have the number of the first one in their environment.
    judge(site, {job: 2 for job in hets}, "a heterogeneous job")
    site.scontrol("delete", "ReservationName=r")


def test_requeued(site):
    """The same job comes again, by an admin and by preemption."""
    again = submit(site, "-w", "vm1", run=hold(site))
    low = submit(site, "-w", "vm2", "-p", "low", run=hold(site))
    for job in again, low:
        site.await_job(job, "RUNNING")
    site.scontrol("requeue", str(again))
    high = submit(site, "-w", "vm2", "-p", "high")
    for job in again, low:
        labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                        "job %d to be requeued" % job)
    let_go(site, again)
    let_go(site, low)
    judge(site, {again: 2}, "requeued")
    judge(site, {low: 2, high: 1}, "preempted and requeued")


def test_gang(site):
    """Two jobs are put on one CPU, to take turns: a partition allowed it for a
    moment in which scloned did not look."""
    scloned = site.children["scloned"]
    scloned.send_signal(signal.SIGSTOP)
    site.scontrol("update", "PartitionName=low", "OverSubscribe=FORCE:2")
    jobs = [submit(site, "-w", "vm3", "-p", "low") for _ in range(2)]
    for job in jobs:
        labslurm.await_(lambda: site.show("job", job)["NodeList"] == "vm3",
                        "job %d to be put on the node" % job)
    site.scontrol("update", "PartitionName=low", "OverSubscribe=EXCLUSIVE")
    scloned.send_signal(signal.SIGCONT)
    judge(site, {job: 1 for job in jobs}, "gang scheduling")


def test_slurmctld_restarted(site):
    """slurmctld is started again between the allocation and the mark."""
    scloned = site.children["scloned"]
    scloned.send_signal(signal.SIGSTOP)
    jobs = [submit(site, "-w", "vm4") for _ in range(2)]
    site.await_job(jobs[0], "CONFIGURING")
    site.end("slurmctld")
    site.start_slurmctld()
    scloned.send_signal(signal.SIGCONT)
    judge(site, {job: 1 for job in jobs}, "slurmctld restarted before the mark")


def test_het_lost(site):
    """One part of a heterogeneous job loses its VM."""
    script = site.script("het", "srun --het-group=0,1 sleep 600\n")
    job = int(site.run("sbatch", "--parsable", *site.job_place(),
                       "--no-requeue", "-w", "vm5", ":", "--no-requeue",
                       "-w", "vm6", script)[1])
    for part in job, job + 1:
        site.await_job(part, "RUNNING")
    labslurm.await_(lambda: site.phase("vm6") == "ready", "the node")
    site.lab("vm", vm="vm6", action="kill")
    ends = [site.await_job(part, "NODE_FAIL", "CANCELLED", "FAILED")
            for part in (job, job + 1)]
    tap.equal(ends[1], "NODE_FAIL", "a part that loses its VM ends")
    tap.contains(site.scontrol("show", "job", str(job + 1)),
                 "sclone: (LOST)", "and is told why")
    tap.ok(ends[0] != "RUNNING", "the other part ends, too: " + ends[0])


with labsclone.Site(nodes=6) as lab:
    lab.settings["PreemptType"] = "preempt/partition_prio"
    lab.settings["PreemptMode"] = "SUSPEND,GANG"
    # A job that is suspended keeps its memory, which then must not count.
    lab.settings["SelectTypeParameters"] = "CR_Core"
    lab.partition_settings += " PreemptMode=OFF"
    lab.more += ["PartitionName=%s Nodes=vm[1-6] PriorityTier=%d "
                 "OverSubscribe=EXCLUSIVE PreemptMode=%s" % row
                 for row in (("low", 1, "REQUEUE"), ("high", 9, "OFF"))]
    lab.requeue_soon()
    lab.start()
    test_submitted(lab)
    test_requeued(lab)
    test_gang(lab)
    test_slurmctld_restarted(lab)
    test_het_lost(lab)
    lab.await_clean()
sys.exit(tap.done())
