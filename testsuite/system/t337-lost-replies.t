#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vCenter does what it is asked, and the reply is lost; sessions end; vCenter
restarts: one VM for each node, and each is released once."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def run_job(site, faults, what, most=1):
    """A job under these faults of (method, kind); most: VMs it may take."""
    made = len(site.witness("vm_created"))
    gone = len(site.witness("vm_destroyed"))
    for method, kind in faults:
        site.fault(kind, method)
    job = site.sbatch("--wrap=true")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    made = len(site.witness("vm_created")) - made
    gone = len(site.witness("vm_destroyed")) - gone
    tap.ok(1 <= made <= most and gone == made,
           "%s: %d VM made, %d destroyed" % (what, made, gone))
    tap.equal(site.show("job", job)["Restarts"], "0", "the job runs at once")
    tap.equal(site.clones(), [], "no VM is left")


STEPS = "InstantClone_Task", "PowerOffVM_Task", "Destroy_Task"


def test_replies(site):
    # Nobody can tell a reset, after which nothing was done, from the others.
    for kind in "reply_lost", "half_reply", "reset":
        run_job(site, [(step, kind) for step in STEPS],
                kind + " at each step")


def test_error_after_success(site):
    """A task that fails at its very end leaves a whole clone."""
    run_job(site, [("InstantClone_Task", "error_after_success")],
            "error after success", most=2)


def test_sessions(site):
    for kind in "expire_session", "restart":
        run_job(site, [(step, kind) for step in STEPS],
                kind + " before each step")
        run_job(site, [("WaitForUpdatesEx", kind)], kind + " while waiting")


def test_restart_in_use(site):
    """The watch over a clone in use is set up again."""
    end = site.path("end")
    job = site.sbatch("--wrap=while [ ! -e %s ]; do sleep 0.05; done" % end)
    site.await_job(job, "RUNNING")
    site.fault("restart")
    labslurm.await_(lambda: site.lab("stats")["sessions"], "a new session")
    site.lab("vm", vm=site.clones()[0], action="kill")
    labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                    "the job to be requeued")
    tap.ok(True, "a VM that is lost after the restart is noticed")
    site.write("end", "")
    site.await_job(job, "COMPLETED")
    site.await_clean()


def test_all_at_once(site):
    """A burst of jobs in all this weather."""
    for kind in "reply_lost", "half_reply", "reset", "http503":
        for method in "InstantClone_Task", "PowerOffVM_Task", "Destroy_Task":
            site.fault(kind, method, nth=2)
    site.fault("expire_session", "*", nth=40)
    site.fault("restart", "*", nth=80)
    site.sbatch("--array=1-12", "--wrap=true")
    site.await_no_jobs()
    site.await_clean()
    tap.equal(site.clones(), [], "twelve jobs, many faults: no VM is left")
    site.fault("clear")


with labsclone.Site(nodes=4) as site:
    site.requeue_soon()
    site.start()
    test_replies(site)
    test_error_after_success(site)
    test_sessions(site)
    test_restart_in_use(site)
    test_all_at_once(site)
sys.exit(tap.done())
