#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned makes no clone for a node that Slurm does not give to one job
alone, says why, and sees what `scontrol` changes."""
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

BEGAN = "--wrap=" + labsclone.BEGAN
SHARES = "does not give the node to one job alone; set " \
         "OverSubscribe=EXCLUSIVE or Isolation=shared"
STOPS = "may suspend a job and give its node to another; set its " \
        "PreemptMode=REQUEUE or Isolation=shared"


def drained(site):
    return [node for node in site.nodes if "DRAIN" in site.state(node)]


def update(site, partition, setting):
    """scloned looks at partitions at most once a second."""
    site.scontrol("update", "PartitionName=" + partition, setting)
    since = time.monotonic()
    labslurm.await_(lambda: time.monotonic() > since + 1, "a second")


def mend(site, partition, setting):
    site.scontrol("update", "PartitionName=" + partition, setting)
    site.sclone("reload")
    labslurm.await_(lambda: not drained(site), "all names to be given back")


def refused(site, node, partition, setting, reason, what):
    """A job that gets the node before scloned sees that its partition is
    broken ends, told why, without a VM. Then the node is drained."""
    before = len(site.lives())
    scloned = site.children["scloned"]
    scloned.send_signal(signal.SIGSTOP)
    update(site, partition, setting)
    job = site.sbatch("-w", node, "--no-requeue", BEGAN)
    site.await_job(job, "CONFIGURING")
    scloned.send_signal(signal.SIGCONT)
    site.await_job(job, "NODE_FAIL")
    tap.contains(site.scontrol("show", "job", str(job)),
                 "AdminComment=sclone: (ISOLATION) " + reason,
                 what + ": the job is told")
    site.await_clean()
    tap.equal(len(site.lives()), before, what + ": no clone is made")
    labslurm.await_(lambda: node in drained(site), "the node to be drained")


def served(site, node, what):
    job = site.sbatch("-w", node, BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(site.tenants()[-1], [job], what)


def test_pends(site):
    """Slurm knows of it before it allocates."""
    labslurm.await_(lambda: drained(site), "a node to be drained")
    tap.contains(site.scontrol("show", "node", "vm1"),
                 "Reason=sclone: (isolation) partition open " + SHARES,
                 "another partition shares the node: it is drained, and why")
    tap.contains(site.sclone("status", check=False)[1],
                 "  1 of them out: sclone: (isolation) partition open " +
                 SHARES, "the status says so, too")
    job = site.sbatch("-w", "vm1", BEGAN)
    served(site, "vm2", "a node that is in none such gets a clone")
    tap.equal((site.job_state(job), drained(site)), ("PENDING", ["vm1"]),
              "its job pends")
    site.end("scloned", signal.SIGKILL)
    site.scontrol("update", "PartitionName=open", "OverSubscribe=EXCLUSIVE")
    site.start_scloned()
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(site.tenants()[-1], [job],
              "and runs when the partition is mended, whoever drained it")


def test_changed(site):
    refused(site, "vm2", "vm", "OverSubscribe=FORCE:2",
            "partition vm " + SHARES, "one that was broken")
    status, text = site.sclone("history", "vm2")
    tap.contains(text, "ISOLATION", "the history has it")
    mend(site, "vm", "OverSubscribe=EXCLUSIVE")
    served(site, "vm2", "the next request sees that it was mended")


def test_preemption(site):
    refused(site, "vm1", "open", "PreemptMode=SUSPEND",
            "partition open " + STOPS,
            "a partition whose jobs may be suspended for others")
    mend(site, "open", "PreemptMode=REQUEUE")
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
    test_pends(lab)
    test_changed(lab)
    test_preemption(lab)
    test_not_asked(lab)
sys.exit(tap.done())
