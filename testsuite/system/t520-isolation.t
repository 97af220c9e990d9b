#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned makes no clone for a node that Slurm does not give to one job
alone, says why, and sees what `scontrol` changes."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN
SHARES = "does not give the node to one job alone; set " \
         "OverSubscribe=EXCLUSIVE or Isolation=shared"
STOPS = "may suspend a job and give its node to another; set its " \
        "PreemptMode=REQUEUE or Isolation=shared"


def refused(site, node, reason, what):
    """A job for that node ends, told why, without a VM."""
    before = len(site.lives())
    job = site.sbatch("-w", node, "--no-requeue", BEGAN)
    site.await_job(job, "NODE_FAIL")
    tap.contains(site.scontrol("show", "job", str(job)),
                 "AdminComment=sclone: (ISOLATION) " + reason,
                 what + ": the job is told")
    site.await_clean()
    tap.equal(len(site.lives()), before, what + ": no clone is made")


def served(site, node, what):
    job = site.sbatch("-w", node, BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(site.tenants()[-1], [job], what)


def update(site, partition, setting):
    """scloned looks at partitions at most once a second."""
    site.scontrol("update", "PartitionName=" + partition, setting)
    since = time.monotonic()
    labslurm.await_(lambda: time.monotonic() > since + 1, "a second")


def test_refused(site):
    refused(site, "vm1", "partition open " + SHARES,
            "another partition shares the node")
    served(site, "vm2", "a node that is in none such gets one")
    status, text = site.sclone("history", "vm1")
    tap.contains(text, "ISOLATION", "the history has it")


def test_changed(site):
    update(site, "open", "OverSubscribe=EXCLUSIVE")
    served(site, "vm1", "the next request sees a partition that was mended")
    update(site, "vm", "OverSubscribe=FORCE:2")
    refused(site, "vm2", "partition vm " + SHARES, "one that was broken")
    update(site, "vm", "OverSubscribe=EXCLUSIVE")


def test_preemption(site):
    update(site, "open", "PreemptMode=SUSPEND")
    refused(site, "vm1", "partition open " + STOPS,
            "a partition whose jobs may be suspended for others")
    update(site, "open", "PreemptMode=REQUEUE")
    served(site, "vm1", "one whose jobs may be requeued is sound")


def test_not_asked(site):
    update(site, "open", "OverSubscribe=NO")
    site.conf_more = " Isolation=shared"
    site.write_sclone_conf()
    site.sclone("reload")
    job = site.sbatch("-w", "vm1", BEGAN)
    site.await_job(job, "COMPLETED")
    site.update_node("vm1", "POWER_DOWN")
    site.await_clean()
    tap.equal(site.tenants()[-1], [job],
              "Isolation=shared: partitions are not looked at")


with labsclone.Site(nodes=2) as lab:
    lab.settings["PreemptType"] = "preempt/partition_prio"
    lab.settings["PreemptMode"] = "REQUEUE"
    lab.more += ["PartitionName=open Nodes=vm1 OverSubscribe=NO"]
    lab.start()
    test_refused(lab)
    test_changed(lab)
    test_preemption(lab)
    test_not_asked(lab)
sys.exit(tap.done())
