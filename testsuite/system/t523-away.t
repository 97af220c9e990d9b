#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned dies while one node is being asked for, one boots, one has a job
and one is being given up, each with a second job behind the first: none lands
on a used VM, then or later."""
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


def pair(site, node, run=BEGAN):
    """Two jobs for one node, the first of which has it; the second one just
    notes where it ran."""
    first = site.sbatch("-w", node, "--wrap=" + run)
    site.await_job(first, "CONFIGURING", "RUNNING")
    return [first, site.sbatch("-w", node, "--wrap=" + BEGAN)]


def requests(site, kind):
    """How many requests of a kind wait in the spool."""
    count = 0
    for name in os.listdir(site.path("spool")):
        if name.endswith(".json"):
            with open(os.path.join(site.path("spool"), name)) as file:
                count += '"%s"' % kind in file.read()
    return count


def prepare(site):
    """Jobs at different points of their lives; all jobs by node."""
    jobs = {"vm2": pair(site, "vm2")}
    labslurm.await_(lambda: site.phase("vm2") in ("cloned", "identified"),
                    "a node that boots")
    jobs["vm1"] = pair(site, "vm1", "%s; while [ ! -e %s ]; do sleep 0.05; "
                       "done" % (BEGAN, site.path("end")))
    site.await_job(jobs["vm1"][0], "RUNNING")
    return jobs


def test_away(site):
    jobs = prepare(site)
    site.end("scloned", signal.SIGKILL)
    jobs["vm3"] = pair(site, "vm3")
    site.write("end", "")
    site.write("go-vm2", "")
    site.await_job(jobs["vm1"][0], "COMPLETED")
    site.await_state("vm2", lack={"POWERING_UP", "NOT_RESPONDING"})
    labslurm.await_(lambda: requests(site, "suspend") and
                    requests(site, "resume"), "what slurmctld asks for")
    tap.equal([site.job_state(two[1]) for two in jobs.values()],
              ["PENDING"] * 3, "while it is away, no second job gets a node")
    site.start_scloned()
    for two in jobs.values():
        for job in two:
            site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(sorted(site.tenants()),
              sorted([job] for two in jobs.values() for job in two),
              "and each of the six has had a VM for itself")


with labsclone.Site(nodes=3, mode="slow") as lab:
    for node in "vm1", "vm3":
        lab.write("go-" + node, "")
    lab.start()
    test_away(lab)
sys.exit(tap.done())
