#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""slurmctld restarts, or is killed, in the middle of a resume and a release."""
import signal
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def bounce(site, how):
    site.end("slurmctld", how)
    site.start_slurmctld()


def test_resume(site):
    site.set_mode("slow")
    job = site.sbatch("-N2", "-w", "vm[1-2]", "--wrap=true")
    labslurm.await_(lambda: site.clones() == ["vm1", "vm2"], "the clones")
    bounce(site, signal.SIGTERM)
    for node in "vm1", "vm2":
        site.write("go-" + node, "")
    site.await_job(job, "COMPLETED")
    tap.equal(site.show("job", job)["Restarts"], "0",
              "resume: the job runs after a restart")
    site.await_clean()
    tap.equal(site.clones(), [], "no VM is left")


def test_killed_in_resume(site):
    """What slurmctld has not written by then it knows nothing of: the job
    may be lost, the VMs may not."""
    site.set_mode("slow")
    for node in "vm1", "vm2":
        os.unlink(site.path("go-" + node))
    site.sbatch("-N2", "-w", "vm[1-2]", "--wrap=true")
    labslurm.await_(lambda: site.clones() == ["vm1", "vm2"], "the clones")
    bounce(site, signal.SIGKILL)
    for node in "vm1", "vm2":
        site.write("go-" + node, "")
    site.await_no_jobs()
    site.await_clean()
    tap.equal(site.clones(), [], "resume: no VM is left after a kill")


def test_release(site, how, what):
    site.set_mode("")
    site.lab("delay", method="Destroy_Task", ms=2000)
    before = len(site.witness("vm_powered_off"))
    job = site.sbatch("-w", "vm1", "--wrap=true")
    site.await_job(job, "COMPLETED")
    labslurm.await_(lambda: len(site.witness("vm_powered_off")) > before,
                    "the power off")
    site.end("slurmctld", how)
    labslurm.await_(lambda: site.clones() == [], "the destroy")
    tap.ok(True, "release: it goes on without slurmctld")
    labslurm.await_(lambda: [row for row in site.status()["nodes"]
                             if "name is free" in row.get("why", "")],
                    "status to show what Slurm does not know yet")
    site.start_slurmctld()
    site.await_clean()
    labslurm.await_(lambda: not site.status()["nodes"], "Slurm to be told")
    tap.ok(True, "the name is free after " + what)
    site.lab("delay", method="Destroy_Task", ms=0)


def test_after(site):
    site.set_mode("")
    code, text = site.run("srun", "-N2", "echo", "fine", bound=labslurm.BOUND)
    tap.equal(text, "fine\nfine\n", "all works as before")
    site.await_clean()


with labsclone.Site(nodes=2) as site:
    site.requeue_soon()
    site.start()
    test_resume(site)
    test_release(site, signal.SIGTERM, "a restart")
    test_release(site, signal.SIGKILL, "a kill")
    test_killed_in_resume(site)
    test_after(site)
sys.exit(tap.done())
