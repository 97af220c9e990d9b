#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A job that got its nodes although there is no room for all of them: it
waits to its deadline, is told and requeued, and what was made for it goes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def reload(site, clones):
    site.config["MaxClones"] = clones
    site.write_sclone_conf()
    site.sclone("reload")


def errors(site):
    return [row.get("error", "") for row in site.status()["nodes"]]


def await_requeued(site, job, text):
    labslurm.await_(lambda: site.show("job", job)["Restarts"] == "1",
                    "job %d to be requeued" % job)
    tap.contains(site.scontrol("show", "job", str(job)),
                 "sclone: (CAPACITY) " + text,
                 "it is told why and requeued")
    labslurm.await_(lambda: site.clones() == [] and
                    not site.status()["nodes"], "its nodes to be released")


def test_limit(site):
    """Nothing is begun that cannot be ended."""
    site.end("scloned")
    wide = site.sbatch("-N4", "--wrap=true")
    site.await_state("vm4", have={"ALLOCATED"})
    site.config["MaxClones"] = 2
    site.write_sclone_conf()
    site.start_scloned()
    labslurm.await_(lambda: len([text for text in errors(site)
                                 if "for all nodes of the job" in text]) == 4,
                    "four nodes to wait")
    tap.equal(site.witness("vm_created"), [],
              "a job that does not fit gets no clone at all")
    site.jump(600)
    await_requeued(site, wide, "MaxClones= has no room for all nodes")
    reload(site, None)
    site.await_job(wide, "COMPLETED")
    tap.ok(True, "it runs when there is room")
    site.await_clean()


def test_host(site):
    """Two of four clones find room."""
    before = len(site.witness("vm_created"))
    site.fault("task_error", "InstantClone_Task", nth=3, times=0,
               type="InsufficientResourcesFault", text="no room at all")
    wide = site.sbatch("-N4", "--wrap=true")
    labslurm.await_(lambda: len(
        [row for row in site.status()["nodes"]
         if row["phase"] == "ready"]) == 2 and len(
        [text for text in errors(site) if "no room at all" in text]) == 2,
        "two nodes to be up, and two to wait")
    site.jump(600)
    await_requeued(site, wide, "InstantClone_Task: "
                   "InsufficientResourcesFault: no room at all")
    tap.equal(len(site.witness("vm_created")) - before, 2,
              "two clones were made for it, and released")
    site.fault("clear")
    site.await_job(wide, "COMPLETED")
    site.await_clean()


with labsclone.Site(nodes=4) as lab:
    lab.requeue_soon()
    lab.start()
    test_limit(lab)
    test_host(lab)
sys.exit(tap.done())
