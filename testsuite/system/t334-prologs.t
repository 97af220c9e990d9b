#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prologs that wait: cut by PrologEpilogTimeout, and through thirty
reconfigures."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def test_cut_prolog():
    with labsclone.Site(nodes=2, mode="slow") as site:
        site.settings["PrologEpilogTimeout"] = "2"
        site.requeue_soon()
        site.start()
        job = site.sbatch("--wrap=true", "-w", "vm1")
        labslurm.await_(lambda: site.prologs(), "the prolog")
        labslurm.await_(lambda: not site.prologs(), "slurmctld to end it")
        tap.ok(site.job_state(job) in ("CONFIGURING", "PENDING"),
               "the prolog is ended before the node is up")
        site.write("go-vm1", "")
        site.await_job(job, "COMPLETED")
        tap.equal(site.show("job", job)["Restarts"], "0",
                  "the job runs all the same, and only once")
        site.await_clean()


def test_reconfigures():
    with labsclone.Site(nodes=4, mode="slow") as site:
        site.start()
        jobs = [site.sbatch("-N2", "--wrap=srun true") for _ in range(2)]
        labslurm.await_(lambda: site.prologs() == 2, "two waiting prologs")
        labslurm.await_(lambda: len(site.clones()) == 4, "the clones")
        for _ in range(30):
            site.scontrol("reconfigure")
        tap.equal(site.prologs(), 2, "30 reconfigures: the prologs still wait")
        for node in site.nodes:
            site.write("go-" + node, "")
        for job in jobs:
            site.await_job(job, "COMPLETED")
        tap.equal([site.show("job", job)["Restarts"] for job in jobs],
                  ["0", "0"], "the jobs run, without a requeue")
        site.await_clean()
        tap.equal(len(site.witness("vm_created")), 4, "four VMs, no more")


test_cut_prolog()
test_reconfigures()
sys.exit(tap.done())
