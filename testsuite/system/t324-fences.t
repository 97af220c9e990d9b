#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clones that wake too late, and a slurmd without a clone, take no node: their
guests do not mind the time limit in their identity, as a broken one might."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SOURCE = "rocky9-esx01"
BEGAN = "--wrap=" + labsclone.BEGAN
ON = dict(have={"IDLE"}, lack={"POWERED_DOWN", "POWERING_UP",
                               "POWERING_DOWN"})


def await_phase(site, node, *phases):
    labslurm.await_(lambda: site.phase(node) in phases,
                    "%s to be %s" % (node, "/".join(phases)))


def sleeping_clone(site, node, *more):
    """A job whose clone does not wake, and cannot be powered off."""
    job = site.sbatch("-w", node, *more, BEGAN)
    await_phase(site, node, "cloned")
    site.block(node)
    return job


def wake(site, node):
    """It starts slurmd at last, and has asked slurmctld for its place."""
    site.write("go-" + node, "")
    labslurm.await_(lambda: "slurmd started" in
                    site.tail("slurmd-%s.log" % node), "the late slurmd")


def let_go(site, node):
    """Nobody is in the way of the release any more."""
    os.unlink(site.path("go-" + node))
    os.unlink(site.path("slurmd-%s.log" % node))
    site.unblock(node)


def check_next_job(site, node, what):
    """The node serves again, with a clone that wakes at once."""
    site.write("go-" + node, "")
    job = site.sbatch("-w", node, BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal([jobs for jobs in site.tenants() if jobs][-1], [job],
              what + ": the next job runs on a clone of its own")
    os.unlink(site.path("go-" + node))
    os.unlink(site.path("slurmd-%s.log" % node))


def test_cancelled(site):
    job = sleeping_clone(site, "vm1")
    site.run("scancel", str(job))
    site.await_state("vm1", ["POWERING_DOWN"])
    wake(site, "vm1")
    let_go(site, "vm1")
    site.await_clean()
    tap.equal([site.tenants()[-1], site.clones()], [[], []],
              "awake after the scancel: released, and no job ran")
    check_next_job(site, "vm1", "scancel")


def test_too_late(site):
    """For scloned ten minutes pass at once."""
    job = sleeping_clone(site, "vm1", "--no-requeue")
    site.jump(600)
    site.await_job(job, "NODE_FAIL")
    tap.contains(site.scontrol("show", "job", str(job)), "sclone: (DEADLINE)",
                 "too late: the job is told")
    site.await_state("vm1", ["POWERING_DOWN"])
    wake(site, "vm1")
    tap.ok("POWERING_DOWN" in site.state("vm1"),
           "awake after that: the node stays down")
    let_go(site, "vm1")
    site.await_clean()
    tap.equal(site.clones(), [], "too late: released")
    check_next_job(site, "vm1", "too late")


def test_asked_again(site):
    """An admin gives the name back although its clone is still there; so
    Slurm takes the late one for the one that it asks for now."""
    first = sleeping_clone(site, "vm1")
    site.run("scancel", str(first))
    site.await_state("vm1", ["POWERING_DOWN"])
    site.update_node("vm1", "RESUME")
    second = site.sbatch("-w", "vm1", BEGAN)
    site.await_state("vm1", ["POWERING_UP"])
    woken = time.time()
    wake(site, "vm1")
    site.await_state("vm1", ["ALLOCATED"], ["POWERING_UP", "NOT_RESPONDING"])
    tap.equal(site.job_state(second), "CONFIGURING",
              "the late clone has the name in Slurm: the job is held")
    # Slurm tells the time of a boot in whole seconds.
    labslurm.await_(lambda: time.time() > woken + 3, "the next clone's time")
    let_go(site, "vm1")
    await_phase(site, "vm1", "cloned", "identified", "ready")
    before = len(site.steps("vm1"))
    site.end("scloned")
    site.start_scloned()    # it looks at every node first
    labslurm.await_(lambda: [text for _, text in site.steps("vm1")[before:]
                             if text.startswith("NODE_STATE")],
                    "a look at the node")
    tap.equal((site.phase("vm1") == "ready", site.job_state(second)),
              (False, "CONFIGURING"),
              "what it said does not count for the next clone")
    site.write("go-vm1", "")
    site.await_job(second, "COMPLETED")
    tap.equal([jobs for jobs in site.tenants() if jobs][-1], [second],
              "which alone gets the job")
    site.await_clean()
    os.unlink(site.path("go-vm1"))


def test_suspended_while_cloning(site):
    before = len(site.lives())
    site.block(SOURCE)
    job = site.sbatch("-w", "vm2", BEGAN)
    await_phase(site, "vm2", "cloning")
    site.update_node("vm2", "POWER_DOWN_FORCE")
    await_phase(site, "vm2", "condemned")
    site.run("scancel", str(job))
    site.write("go-vm2", "")
    site.unblock(SOURCE)
    site.await_clean()
    tap.equal([(name, bool(gone)) for name, _, gone in site.lives()[before:]],
              [("vm2", True)],
              "suspended while it is cloned: finished and destroyed")
    os.unlink(site.path("go-vm2"))


def test_asked_twice(site):
    before = len(site.lives())
    job = site.sbatch("-w", "vm2", BEGAN)
    await_phase(site, "vm2", "cloned")
    site.run(site.settings["ResumeProgram"], "vm2")
    site.update_node("vm2", "POWER_UP")
    labslurm.await_(lambda: len([text for _, text in site.steps("vm2")
                                 if text.startswith("REQUESTED")]) >= 3 and
                    site.phase("vm2") == "cloned", "all requests")
    site.write("go-vm2", "")
    site.await_job(job, "COMPLETED")
    tap.equal([name for name, _, _ in site.lives()[before:]], ["vm2"],
              "asked for three times: one clone")
    # slurmctld keeps a POWER_UP until the node has been down.
    labslurm.await_(lambda: len(site.lives()) == before + 2,
                    "what slurmctld asks for again")
    site.await_state("vm2", **ON)
    site.update_node("vm2", "POWER_DOWN")
    site.await_clean()
    tap.equal([bool(gone) for _, _, gone in site.lives()[before:]],
              [True, True], "both are released")


def test_zombie(site):
    """A slurmd runs under a name whose VM is gone."""
    ran = site.path("ran")
    site.children["scloned"].send_signal(signal.SIGSTOP)
    site.start_slurmd("vm2")
    site.await_state("vm2", **ON)
    job = site.sbatch("-w", "vm2", "--no-requeue", "--wrap=echo >" + ran)
    site.await_job(job, "CONFIGURING")
    site.children["scloned"].send_signal(signal.SIGCONT)
    site.await_job(job, "NODE_FAIL", "COMPLETED")
    tap.ok(not os.path.exists(ran), "a job put on a zombie does not run")
    tap.contains(site.scontrol("show", "job", str(job)), "sclone: (ZOMBIE)",
                 "and is told why")
    site.await_clean()
    tap.ok(True, "the node is off again, though the slurmd lives")
    site.end("slurmd-vm2")
    check_next_job(site, "vm2", "zombie")


with labsclone.Site(nodes=2, mode="late") as lab:
    lab.start()
    test_cancelled(lab)
    test_asked_again(lab)
    test_suspended_while_cloning(lab)
    test_asked_twice(lab)
    test_zombie(lab)
    test_too_late(lab)
    tap.equal(lab.clones(), [], "no orphan")
sys.exit(tap.done())
