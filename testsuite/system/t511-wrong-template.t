#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A slurmctld without job_submit_sclone.so lets pass what cannot be had:
scloned finds out, before anything of the job runs on the wrong image."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labplugins  # noqa: E402
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN
LATE = "sclone: (TEMPLATE) --template=ubuntu22 came too late, since " \
       "slurmctld has no job_submit/sclone: the node is rocky9; use " \
       "--constraint=ubuntu22"
ENDED = ("CANCELLED", "FAILED")


def refused(site, reason, *args):
    """A job is ended before it runs, and told why; its nodes come back."""
    job = site.sbatch(BEGAN, *args)
    site.await_job(job, "COMPLETED", *ENDED)
    tap.contains(site.scontrol("show", "job", str(job)), reason,
                 "%s: the job is told" % " ".join(args))
    tap.ok(not site.ran(job), "and nothing of it runs")


def runs(site, want, *args):
    before = len(site.images())
    job = site.sbatch(BEGAN, *args)
    site.await_job(job, "COMPLETED")
    tap.equal(site.ran(job), [want], "%s: on %s" % (" ".join(args), want))
    return site.images()[before:]


def test_option(site):
    runs(site, "rocky9", "--template=rocky9")
    refused(site, LATE, "--template=ubuntu22")
    refused(site, LATE, "-N2", "--template=ubuntu22")
    refused(site, "--template=suse15: there is no such template; there are: "
            "rocky9, ubuntu22, alma8", "--template=suse15")
    runs(site, "ubuntu22", "--template=ubuntu22", "-Cubuntu22&big")


def test_commands(site):
    for command in "srun", "salloc":
        name = "by-" + command
        code, text = site.run(command, "-J", name, "--template=ubuntu22",
                              "echo", "it ran", check=False)
        tap.ok(code and "it ran" not in text, command + ", the same")
        tap.diag(text)
        told = [job for job in site.scontrol("-o", "show", "job").splitlines()
                if "JobName=" + name in job]
        tap.contains(told[-1], LATE, "and it is told")


def test_array(site):
    array = site.sbatch(BEGAN, "--array=1-2", "--template=ubuntu22")
    site.await_no_jobs()
    text = site.scontrol("show", "job", str(array))
    tap.equal(text.count(LATE), 2, "each task of an array is told")


def test_features(site):
    """slurm.conf promises more than sclone.conf can keep."""
    refused(site, "sclone: (TEMPLATE) the template alma8 is not offered; "
            "offered: rocky9, ubuntu22", "-Calma8")
    refused(site, "sclone: (TEMPLATE) a node cannot be both rocky9 and "
            "ubuntu22; choose one template", "-Crocky9&ubuntu22")
    refused(site, "sclone: (TEMPLATE) a node cannot be both rocky9 and "
            "ubuntu22", "-N2", "-C[rocky9*1&ubuntu22*1]")
    runs(site, "ubuntu22", "-Cubuntu22|rocky9")
    runs(site, "ubuntu22", "-Calma8|ubuntu22")
    runs(site, "rocky9", "-Cbig")


def test_healthy(site):
    """Of alternatives the first with a source in working order."""
    def await_source(state):
        labslurm.await_(lambda: state in [
            row["state"] for row in site.status()["sources"]
            if row["template"] == "rocky9"], "the source to be " + state)
    site.lab("vm", vm="rocky9-esx01", action="thaw")
    site.sclone("reload")
    await_source("running")
    images = runs(site, "ubuntu22", "-N2", "-Crocky9|ubuntu22")
    tap.equal(images, ["ubuntu22"] * 2, "all its nodes")
    site.lab("vm", vm="rocky9-esx01", action="freeze")
    site.sclone("reload")
    await_source("frozen")
    runs(site, "rocky9", "-Crocky9|ubuntu22")


def test_powered_up(site):
    """A node that an admin has powered up is the default template."""
    site.update_node("vm1", "POWER_UP")
    site.await_state("vm1", ["IDLE"], ["POWERED_DOWN", "POWERING_UP",
                                       "NOT_RESPONDING"])
    job = site.sbatch("-w", "vm1", "-Cubuntu22", BEGAN)
    site.await_job(job, "COMPLETED")
    tap.contains(site.scontrol("show", "job", str(job)),
                 "sclone: (IMAGE) the node is rocky9, and the job asks for "
                 "ubuntu22", "a job that asks for another is requeued")
    site.await_clean()
    tap.equal(site.ran(job), ["ubuntu22"], "and runs on that, once")


with labplugins.Site(nodes=2) as site:
    site.requeue_soon()
    labplugins.use_spank(site)
    site.start()
    for test in (test_option, test_commands, test_array, test_features,
                 test_healthy, test_powered_up):
        test(site)
        site.await_clean()
    tap.equal([node for node in site.nodes
               if "DRAIN" in site.state(node)], [], "no node is drained")
sys.exit(tap.done())
