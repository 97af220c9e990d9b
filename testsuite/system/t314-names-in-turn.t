#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A node asked for again while its last VM still exists: first one, then the
other, whatever Slurm's timers say."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def row(site, node):
    return site.status(node)["nodes"][0]


def clone_tasks(site, operation):
    return [e for e in site.witness("task_queued")
            if e["method"] == "InstantClone_Task"
            and operation in e["operationID"]]


def run_and_keep_vm(site, node):
    """A job that is over while its VM cannot be powered off."""
    job = site.sbatch("-w", node, "--wrap=%s; cat %s" % (
        labsclone.BEGAN, site.fifo))
    site.await_job(job, "RUNNING")
    site.block(node)
    with open(site.fifo, "w") as file:
        file.write("end\n")
    site.await_job(job, "COMPLETED")
    labslurm.await_(lambda: "POWER_OFF" in [
        text for _, text in site.steps(node)], "the power off to be tried")
    return job


def test_resumed_by_an_admin(site):
    first = run_and_keep_vm(site, "vm1")
    epoch = row(site, "vm1")["epoch"]
    site.update_node("vm1", "RESUME")
    second = site.sbatch("-w", "vm1", "--wrap=" + labsclone.BEGAN)
    labslurm.await_(lambda: row(site, "vm1").get("waiting"),
                    "the new request to wait")
    tap.equal((row(site, "vm1")["epoch"], row(site, "vm1")["phase"]),
              (epoch, "releasing"),
              "a new request waits while the old VM is there")
    tap.equal(len(clone_tasks(site, "-vm1-")), 1, "and nothing is cloned")
    tap.equal(site.job_state(second), "CONFIGURING", "its job waits, too")
    site.unblock("vm1")
    site.await_job(second, "COMPLETED")
    site.await_clean()
    tap.equal(site.tenants(), [[first], [second]],
              "then it runs on a VM of its own")
    steps = site.steps("vm1")
    gone = steps.index((epoch, "proven gone"))
    tap.equal([at > gone for at, (_, text) in enumerate(steps)
               if text == "SUBMIT_CLONE"], [False, True],
              "which was asked for when the old one was proven gone")
    tap.ok(steps[gone + 1][0] > epoch, "with a later epoch")


def test_freed_by_slurm(site):
    """SuspendTimeout ends before the VM is gone: the name must not be used
    though Slurm believes that it is free."""
    first = run_and_keep_vm(site, "vm2")
    second = site.sbatch("-w", "vm2", "--wrap=" + labsclone.BEGAN)
    site.await_state("vm2", ["DRAIN"])
    tap.contains(site.scontrol("show", "node", "vm2"), "sclone: (UNPROVEN)",
                 "near SuspendTimeout the node is drained, with our reason")
    site.await_state("vm2", ["DRAIN", "POWERED_DOWN"], ["POWERING_DOWN"])
    tap.equal((site.job_state(second), len(clone_tasks(site, "-vm2-"))),
              ("PENDING", 1), "Slurm frees the name; its next job waits")
    site.unblock("vm2")
    site.await_job(second, "COMPLETED")
    site.await_clean()
    tap.equal(site.tenants(), [[first], [second]],
              "the drain is undone when the VM is proven gone")
    tap.ok("DRAIN" not in site.state("vm2"), "and stays undone")


def site_with(suspend_timeout):
    site = labsclone.Site(nodes=2)
    site.settings["SuspendTimeout"] = str(suspend_timeout)
    site.fifo = site.path("fifo")
    os.mkfifo(site.fifo)
    return site


with site_with(600) as lab:
    lab.start()
    test_resumed_by_an_admin(lab)
with site_with(17) as lab:  # sclone keeps a margin of 15 s
    lab.start()
    test_freed_by_slurm(lab)
sys.exit(tap.done())
