#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs that are not requeued when their clone fails: they end, and their
user reads why."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


REASON = "sclone: (CAPACITY) InstantClone_Task: NoDiskSpace: ds1 is full"


def time_out(site, nodes):
    """There is no room for the nodes until their deadline."""
    labslurm.await_(lambda: [row for row in site.status()["nodes"]
                             if "ds1 is full" in row.get("error", "")
                             and row["phase"] == "requested"][nodes - 1:],
                    "%d nodes to wait for room" % nodes)
    site.jump(600)


def test_no_requeue(site):
    job = site.sbatch("--no-requeue", "--comment=mine", "--wrap=true")
    time_out(site, 1)
    site.await_job(job, "NODE_FAIL")
    shown = site.scontrol("show", "job", str(job))
    tap.contains(shown, "AdminComment=" + REASON,
                 "a job that may not be requeued ends and says why")
    tap.contains(shown, " Comment=mine", "the user's comment is untouched")
    site.await_clean()


def test_srun(site):
    srun = site.background("srun", "-N2", "true")
    time_out(site, 2)
    text = srun.communicate(timeout=labslurm.BOUND)[0].decode()
    tap.ok(srun.returncode != 0, "srun fails")
    tap.contains(text, REASON, "and prints why")
    site.await_clean()


def test_after(site):
    code, text = site.run("srun", "-N2", "echo", "fine", bound=labslurm.BOUND)
    tap.equal(text, "fine\nfine\n", "the next job has both nodes")
    site.await_clean()


with labsclone.Site(nodes=2) as site:
    site.start()
    site.fault("task_error", "InstantClone_Task", times=0,
               type="NoDiskSpace", text="ds1 is full")
    test_no_requeue(site)
    test_srun(site)
    tap.equal(site.witness("vm_created"), [], "no VM was made so far")
    site.fault("clear")
    test_after(site)
sys.exit(tap.done())
