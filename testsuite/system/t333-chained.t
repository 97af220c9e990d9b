#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that are not in sclone.conf go to the site's other programs, with what
slurmctld gave; a chained prolog decides for the job."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

# What slurmctld gave the program: its arguments and the jobs.
RECORDER = """
{ echo "$@"; [ -z "$SLURM_RESUME_FILE" ] || cat "$SLURM_RESUME_FILE"
  echo; echo "$SLURM_CONF"; } > %s.new && mv %s.new %s
"""


class ChainedSite(labsclone.Site):
    """Has nodes of its own, a partition with all nodes, and programs."""

    def __init__(self):
        super().__init__(nodes=2)
        self.add_other()
        for key in "Resume", "Suspend", "ResumeFail":
            told = self.path("told-" + key)
            self.config["Chain%sProgram" % key] = self.script(
                "chained-" + key, RECORDER % (told, told, told))
        self.config["ChainPrologSlurmctld"] = self.script(
            "chained-prolog",
            'echo "$SLURM_JOB_ID" >> %s\n[ ! -e %s ]\n' % (
                self.path("prologs"), self.path("prolog-fails")))
        self.requeue_soon()

    def told(self, key):
        """The lines that the chained program wrote, once it has."""
        path = self.path("told-" + key)
        labslurm.await_(lambda: os.path.exists(path), "chained " + key)
        with open(path) as file:
            return file.read().splitlines()


def test_mixed_job(site):
    job = site.sbatch("-p", "all", "-N2", "-w", "vm1,other1",
                      "--wrap=srun true")
    args, jobs, conf = site.told("Resume")
    tap.equal(args, "other1", "the chained resume program has its node only")
    tap.equal(sorted(n for n in json.loads(jobs)["all_nodes"].split(",")),
              ["other1", "vm1"], "and the whole SLURM_RESUME_FILE")
    tap.equal(conf, site.conf_path, "and SLURM_CONF")
    site.start_slurmd("other1")
    site.await_job(job, "COMPLETED")
    tap.ok(True, "a job over both kinds of nodes runs")
    site.await_clean()
    tap.ok("POWER_DOWN" not in site.state("other1"),
           "the other node is not marked for single use")


def test_suspend(site):
    site.update_node("other1", "power_down")
    tap.equal(site.told("Suspend")[0], "other1",
              "the chained suspend program")
    site.end("slurmd-other1")


def test_resume_fail(site):
    site.run(site.settings["ResumeFailProgram"], "vm2,other1")
    tap.equal(site.told("ResumeFail")[0], "other1",
              "the chained resume fail program")
    site.await_clean()


def test_prolog(site):
    with open(site.path("prologs")) as file:
        tap.equal(file.read().split(), ["1"], "the chained prolog has run")
    site.write("prolog-fails", "")
    job = site.sbatch("-w", "vm1", "--wrap=true")
    labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                    "the job to be requeued")
    tap.ok(True, "its failure requeues the job")
    os.unlink(site.path("prolog-fails"))
    site.scontrol("release", str(job), check=False)
    site.await_job(job, "COMPLETED")
    tap.ok(True, "which runs when the prolog succeeds")
    site.await_clean()
    tap.equal(site.clones(), [], "no VM is left")


with ChainedSite() as site:
    site.start()
    test_mixed_job(site)
    test_suspend(site)
    test_resume_fail(site)
    test_prolog(site)
sys.exit(tap.done())
