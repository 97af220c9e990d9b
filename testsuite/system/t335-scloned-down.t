#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned is away while Slurm resumes, waits and suspends: the spool keeps the
requests, and a new scloned does the work, each VM once."""
import signal
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def requests(site):
    return [name for name in os.listdir(site.path("spool"))
            if name.endswith(".json")]


def kill(site):
    site.end("scloned", signal.SIGKILL)


def test_resume(site):
    kill(site)
    job = site.sbatch("-N2", "--wrap=srun true")
    labslurm.await_(lambda: requests(site), "the request in the spool")
    tap.equal(site.clones(), [], "resume: the spool keeps the request")
    site.start_scloned()
    site.await_job(job, "COMPLETED")
    tap.ok(True, "the job runs when scloned is back")
    site.await_clean()
    tap.equal(requests(site), [], "the spool is empty")


def test_suspend(site):
    end = site.path("end")
    job = site.sbatch("--wrap=while [ ! -e %s ]; do sleep 0.05; done" % end)
    site.await_job(job, "RUNNING")
    kill(site)
    site.write("end", "")
    site.await_job(job, "COMPLETED")
    labslurm.await_(lambda: requests(site), "the request in the spool")
    tap.equal(len(site.clones()), 1, "suspend: the VM stays meanwhile")
    site.start_scloned()
    site.await_clean()
    tap.equal(site.clones(), [], "and goes when scloned is back")


def test_prolog(site):
    """The node comes up while nobody looks."""
    site.set_mode("slow")
    job = site.sbatch("-w", "vm1", "--wrap=true")
    labslurm.await_(lambda: "vm1" in site.clones(), "the clone")
    labslurm.await_(lambda: site.status("vm1")["nodes"][0]["phase"] in
                    ("cloned", "identified"), "the node to be cloned")
    kill(site)
    site.write("go-vm1", "")
    site.await_state("vm1", lack={"POWERING_UP", "NOT_RESPONDING"})
    site.start_scloned()
    site.await_job(job, "COMPLETED")
    tap.ok(True, "prolog: it finds the new scloned")
    tap.equal(site.show("job", job)["Restarts"], "0", "without a requeue")
    site.await_clean()
    site.set_mode("")


def test_lost_node(site):
    """Slurm takes the job off its node while nobody looks; on 22.05 it lets
    the prolog go on, until which the job cannot start anew."""
    site.set_mode("slow")
    os.unlink(site.path("go-vm1"))
    job = site.sbatch("-w", "vm1", "--wrap=true")
    labslurm.await_(lambda: "vm1" in site.clones(), "the clone")
    kill(site)
    site.update_node("vm1", "POWER_DOWN_FORCE")
    site.await_job(job, "PENDING")
    tap.equal(site.prologs(), 1, "a requeued job's prolog waits on")
    site.start_scloned()
    labslurm.await_(lambda: not site.prologs(), "the prolog to end")
    tap.ok(True, "but not longer than scloned needs to see that")
    site.run("scancel", str(job))
    site.await_clean()
    site.set_mode("")


def test_kills(site):
    """Killed at many moments of many cycles."""
    site.sbatch("--array=1-12", "--wrap=true")
    for count in range(1, 6):
        labslurm.await_(lambda: len(site.witness("vm_created")) >=
                        4 + 2 * count, "VM number %d" % (4 + 2 * count))
        kill(site)
        site.start_scloned()
    site.await_no_jobs()
    site.await_clean()
    tap.equal(site.clones(), [], "killed five times: no VM is left")
    tap.ok(True, "and all jobs ran")


def test_stopped(site):
    """An orderly stop in the middle of clones and releases."""
    site.sbatch("--array=1-8", "--wrap=true")
    labslurm.await_(lambda: site.clones(), "a clone")
    tap.equal(site.end("scloned"), 0, "stopped in the middle: status 0")
    site.start_scloned()
    site.await_no_jobs()
    site.await_clean()
    tap.equal(site.clones(), [], "no VM is left")


with labsclone.Site(nodes=4) as site:
    site.start()
    test_resume(site)
    test_suspend(site)
    test_prolog(site)
    test_lost_node(site)
    test_kills(site)
    test_stopped(site)
sys.exit(tap.done())
