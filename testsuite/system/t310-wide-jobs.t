#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs that take many nodes at once, and many jobs that take one each."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

NODES = 16
LANES = 4


def most_at_once(site):
    """The largest number of clone tasks that vCenter had at a time."""
    now = most = 0
    for entry in site.witness():
        if entry.get("method") == "InstantClone_Task":
            now += 1 if entry["event"] == "task_queued" else -1
            most = max(most, now)
    return most


def test_one_job(site):
    job = site.sbatch("-N%d" % NODES, "--wrap=srun sh -c '%s'"
                      % labsclone.BEGAN)
    site.await_job(job, "COMPLETED")
    tap.equal(site.show("job", job)["Restarts"], "0",
              "a job of %d nodes runs, at once" % NODES)
    tap.ok(re.search(r"AdminComment=sclone:( vm\d+/\d{16}){4} and \d+ more: "
                     r"sclone receipt show %d\b" % job,
                     site.scontrol("show", "job", str(job))),
           "its comment names the first cycles and how many more there are")
    site.await_clean()
    lives = site.lives()
    tap.equal(sorted(name for name, _, _ in lives), sorted(site.nodes),
              "each node had one VM")
    tap.equal(site.tenants(), [[job]] * NODES, "on which the job ran")
    tap.ok(min(gone for _, _, gone in lives)
           > max(created for _, created, _ in lives),
           "all were there before the first was destroyed")
    tap.ok(0 < most_at_once(site) <= LANES,
           "no more clones under way than the source has lanes")
    tap.equal([node for node in site.nodes if not site.in_order(
        node, "SLURM_MARK", "SLURM_DONE", "SUBMIT_CLONE")], [],
              "every node was marked for single use before its clone")
    return len(lives)


def test_array(site, before):
    jobs = 8
    site.sbatch("--array=1-%d" % jobs, "--wrap=" + labsclone.BEGAN)
    site.await_no_jobs()
    site.await_clean()
    tenants = site.tenants()[before:]
    tap.equal([len(jobs) for jobs in tenants], [1] * jobs,
              "each task of an array had a VM for itself")
    tap.equal(len(set(sum(tenants, []))), jobs, "and ran once")


with labsclone.Site(nodes=NODES, lanes=LANES) as lab:
    lab.start()
    test_array(lab, test_one_job(lab))
sys.exit(tap.done())
