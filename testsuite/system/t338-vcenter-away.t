#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vCenter cannot be reached: requests wait until their deadline, releases for
ever."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def state(site):
    status = site.status()
    return status and status["daemon"]["vcenter"]["state"]


def cut(site):
    """Every call fails from now on."""
    site.fault("reset", "*", times=0)


def test_at_start():
    with labsclone.Site(nodes=2) as site:
        site.vc_port = labslurm.free_ports(1)[0]
        site.wrap_programs()
        site.write_secrets()
        # Only the certificate is there, from a vCenter that went away.
        site.start_vclab()
        site.end("vclab")
        site.write_sclone_conf()
        site.start_slurm()
        site.start_scloned(wait=False)
        labslurm.await_(lambda: state(site) == "down", "scloned")
        code, text = site.sclone("status", check=False)
        tap.ok(code != 0, "without vCenter: status has an exit code")
        tap.contains(text, "127.0.0.1", "and says what cannot be reached")
        job = site.sbatch("--wrap=true")
        labslurm.await_(lambda: site.status("vm1")["nodes"][0]["phase"] ==
                        "requested", "the request to be taken")
        tap.ok(True, "the request is taken and waits")
        site.start_vclab()
        # Its authority is a new one.
        site.end("scloned")
        site.start_scloned()
        site.await_job(job, "COMPLETED")
        tap.ok(True, "the job runs when vCenter is there")
        site.await_clean()


def test_release_waits():
    with labsclone.Site(nodes=2) as site:
        site.start()
        end = site.path("end")
        job = site.sbatch("--wrap=while [ ! -e %s ]; do sleep 0.05; done"
                          % end)
        site.await_job(job, "RUNNING")
        cut(site)
        site.write("end", "")
        site.await_job(job, "COMPLETED")
        labslurm.await_(lambda: site.status("vm1")["nodes"][0]["phase"] ==
                        "releasing", "the release")
        labslurm.await_(lambda: "error" in site.status("vm1")["nodes"][0],
                        "a failed attempt")
        tap.ok("POWERING_DOWN" in site.state("vm1"),
               "a release waits; the name is not free")
        other = site.sbatch("--wrap=true", "-w", "vm1")
        site.fault("clear")
        site.await_job(other, "COMPLETED")
        tap.ok(True, "and goes on when vCenter is back; the name serves")
        site.await_clean()
        tap.equal(len(site.witness("vm_destroyed")), 2,
                  "each VM was destroyed once")


def test_deadline():
    with labsclone.Site(nodes=2) as site:
        site.settings["ResumeTimeout"] = "14"
        site.config["DeadlineMargin"] = "8s"
        site.requeue_soon()
        site.start()
        cut(site)
        job = site.sbatch("--wrap=true")
        labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                        "the job to be requeued")
        text = site.scontrol("show", "job", str(job))
        tap.contains(text, "AdminComment=sclone: (DEADLINE)",
                     "a request waits until its deadline, then the job is "
                     "told")
        site.fault("clear")
        site.await_job(job, "COMPLETED")
        tap.ok(True, "and runs when vCenter is back")
        site.await_clean()


test_at_start()
test_release_waits()
test_deadline()
sys.exit(tap.done())
