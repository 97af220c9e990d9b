#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Isolation=shared: a clone serves one job after the other and several at
once until Slurm suspends its idle node; then it is gone, with a record that
names them all."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN


def hold(site):
    """A job that runs until it is let go."""
    return "--wrap=%s; while [ ! -e %s-$SLURM_JOB_ID ]; do sleep 0.05; done" \
        % (labsclone.BEGAN, site.path("end"))


def let_go(site, *jobs):
    for job in jobs:
        site.write("end-%d" % job, "")
    for job in jobs:
        site.await_job(job, "COMPLETED")


def set_suspend_time(site, seconds):
    site.settings["SuspendTime"] = seconds
    site.write_conf()
    site.scontrol("reconfigure")


def suspend_idle(site):
    """Slurm does it by itself, after a SuspendTime of a second."""
    set_suspend_time(site, "1")
    site.await_clean()
    set_suspend_time(site, "600")


def comment(site, job):
    return site.scontrol("show", "job", str(job))


def receipts(site, what):
    text = site.sclone("--json", "receipt", "show", str(what))[1]
    return [row["fields"] for row in json.loads(text)["receipts"]]


def serve(site, count):
    """Jobs that run at the same time, as long as it takes to see where."""
    jobs = [site.sbatch("-n1", hold(site)) for _ in range(count)]
    for job in jobs:
        site.await_job(job, "RUNNING")
        labslurm.await_(lambda: "sclone: vm1/%d" % site.status(
            "vm1")["nodes"][0]["epoch"] in comment(site, job),
            "job %d's admin_comment" % job)
    let_go(site, *jobs)
    return jobs


def test_jobs(site):
    """Two at once, one later, one after a restart of scloned's."""
    jobs = serve(site, 2)
    tap.equal(len(site.lives()), 1, "two jobs at once have one VM")
    tap.equal(site.phase("vm1"), "ready", "it stays when they are over")
    jobs += serve(site, 1)
    tap.ok("POWER_DOWN" not in site.state("vm1"), "and is not marked")
    site.end("scloned", signal.SIGKILL)
    site.start_scloned()
    jobs += serve(site, 1)
    tap.equal(sorted(site.tenants()[0]), jobs, "all four ran on it")
    tap.ok(True, "each job's admin_comment leads to the VM")
    return jobs


def test_told(site, jobs):
    """While it serves, and when it is gone."""
    why = site.sclone("why", str(jobs[1]))[1]
    tap.contains(why, "sharers", "why JOB knows a job that shares it")
    suspend_idle(site)
    tap.equal((len(site.lives()), site.clones()), (1, []),
              "it goes when Slurm suspends the idle node")
    gone = receipts(site, "vm1")[0]
    named = [gone["job"]] + gone["sharers"].split(",")
    tap.equal(sorted(map(int, named)), jobs, "its record names all its jobs")
    tap.equal(gone["shared"], "1", "and says that it was shared")
    tap.equal([receipts(site, job)[0]["epoch"] for job in jobs],
              [gone["epoch"]] * len(jobs), "each of them finds it")
    tap.contains(site.sclone("history", "vm1")[1],
                 "job %s,%s " % (gone["job"], gone["sharers"]),
                 "so does the history")
    tap.contains(site.sclone("receipt", "verify")[1], "1 record",
                 "and it is in the chain")


def test_lost(site):
    """The VM dies under two jobs of three."""
    jobs = [site.sbatch("-n1", "--no-requeue", hold(site))
            for _ in range(3)]
    for job in jobs:
        site.await_job(job, "RUNNING")
    let_go(site, jobs[0])
    site.lab("vm", vm="vm1", action="kill")
    for job in jobs[1:]:
        site.await_job(job, "NODE_FAIL")
        tap.contains(comment(site, job), "sclone: (LOST)",
                     "VM lost: whoever is there is told")
    tap.ok("(LOST)" not in comment(site, jobs[0]), "who has left is not")
    site.await_clean()


def test_image(site):
    """There is no choice: slurmctld, which has no job_submit/sclone here,
    lets pass what cannot be had."""
    other = site.sbatch("-n1", "-Cubuntu22", BEGAN)
    job = site.sbatch("-n1", hold(site))
    site.await_job(job, "RUNNING")
    site.await_job(other, "COMPLETED", "CANCELLED", "FAILED")
    tap.contains(comment(site, other), "sclone: (TEMPLATE) the template "
                 "ubuntu22 is not offered; offered: rocky9",
                 "the job that a node is asked for")
    late = [site.sbatch("-n1", "-Cubuntu22", BEGAN) for _ in range(2)]
    for number in late:
        site.await_job(number, "COMPLETED", "CANCELLED", "FAILED")
        tap.contains(comment(site, number), "sclone: (TEMPLATE) nodes with "
                     "Isolation=shared are always rocky9, and the job asks "
                     "for ubuntu22", "one that comes later")
    tap.equal(site.tenants()[-1], [job], "nothing of them ran")
    tap.equal(site.job_state(job), "RUNNING", "the VM's own job goes on")
    let_go(site, job)
    suspend_idle(site)


with labsclone.Site(nodes=1, sources={"rocky9": 1, "ubuntu22": 1}) as lab:
    lab.conf_more = " Isolation=shared"
    lab.node_settings = "CPUs=4 RealMemory=1 Feature=rocky9,ubuntu22"
    lab.partition_settings = "OverSubscribe=NO"
    lab.more += ["SlurmdParameters=config_overrides"]
    lab.settings["SelectTypeParameters"] = "CR_Core"
    lab.start()
    test_told(lab, test_jobs(lab))
    test_lost(lab)
    test_image(lab)
    tap.equal(len(lab.lives()), 3, "three VMs in all")
sys.exit(tap.done())
