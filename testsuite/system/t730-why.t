#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`sclone why` tells what was decided for a node and a job, and what it was
decided by: the request, the template, the sources, failures, waits, the end;
and after a restart what the journal has of it."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

ESX01 = labsclone.TEMPLATES + "/rocky9-esx01"
ESX02 = labsclone.TEMPLATES + "/rocky9-esx02"


def why(site, subject):
    code, text = site.sclone("--json", "why", str(subject), check=False)
    return json.loads(text) if code == 0 else None


def steps(reply, node="vm1"):
    """[(what, text)] of a node."""
    return [(row["what"], row.get("text", "")) for entry in reply["nodes"]
            if entry["node"] == node for row in entry["decisions"]]


def has_order(found, *wanted):
    """Steps (what, beginning of the text) came in this order."""
    rest = iter(found)
    return all(any(what == step[0] and step[1].startswith(text)
                   for step in rest) for what, text in wanted)


def tell(found, *wanted):
    if not tap.ok(has_order(found, *wanted[:-1]), wanted[-1]):
        tap.diag("\n".join("%s %s" % step for step in found))


def test_failure(site):
    """The first clone fails, the next one is made elsewhere."""
    site.fault("task_error", "InstantClone_Task", times=1,
               type="InsufficientResourcesFault", text="no room at all")
    job = site.sbatch("--wrap=true", "-w", "vm1")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    reply = why(site, job)
    tap.equal([entry["node"] for entry in reply["nodes"]], ["vm1"],
              "the job's node is told of")
    tell(steps(reply),
         ("requested", "request "),
         ("to Slurm", "SLURM_MARK"),
         ("admitted", ESX01 + "; " + ESX02 + " free as well"),
         ("error", "(CAPACITY) WATCH: InstantClone_Task: "),
         ("failed", "(CAPACITY) "),
         ("again", "0 tries failed, 1 pauses"),
         ("admitted", ESX02 + "; " + ESX01 + " free, but the last clone of "
          "it failed the node"),
         ("cloned", "vm-"),
         ("ready", ""),
         ("ended", "(SUSPENDED)"),
         ("guard", "allows the power-off"),
         ("guard", "allows to destroy it"),
         ("gone", "receipt 1"),
         "from the request to the record of its end")
    text = dict(steps(reply))["requested"]
    tap.contains(text, "template rocky9 by default; to be up at ",
                 "with the template and what named it")
    row = reply["receipts"][0]
    tap.equal((row["seq"], row["node"], row["job"]), (1, "vm1", job),
              "and a link to that record")
    tap.equal(reply["cycles"][0]["avoid"], ESX01,
              "the journal knows of the failed try as well")
    return job


def test_wait(site):
    site.sclone("pause")
    job = site.sbatch("--wrap=true", "-w", "vm2")
    labslurm.await_(lambda: has_order(steps(why(site, "vm2"), "vm2"),
                                      ("waits", "paused")),
                    "the wait to be told")
    code, text = site.sclone("why", "vm2", check=False)
    tap.equal(code, 0, "it can be asked while it waits")
    tap.contains(text, "last said  paused; sclone unpause goes on",
                 "and says for what")
    site.sclone("unpause")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tell(steps(why(site, "vm2"), "vm2"), ("waits", "paused"),
         ("admitted", ESX01), ("gone", "receipt 2"), "then it goes on")
    tap.equal(steps(why(site, job), "vm1"), [], "of its own nodes alone")


def test_restart(site, job):
    site.end("scloned")
    site.start_scloned()
    reply = why(site, job)
    tap.equal(steps(reply), [], "a restart forgets single decisions")
    tap.ok(reply["since"] >= reply["cycles"][0]["ended"],
           "says since when it knows them")
    record = reply["nodes"][0]["record"]
    tap.equal((record["req.template"], record["req.choice"],
               record["req.waits"], record["req.avoid"]),
              ("rocky9", "default", "1", ESX01),
              "and still has what was decided in the end")
    tap.contains(site.sclone("why", "vm1")[1], "receipt",
                 "with the record of destruction")


def test_strangers(site):
    code, text = site.sclone("why", "vm9", check=False)
    tap.equal(code, 2, "a node that is none")
    tap.contains(text, "no node 'vm9' in sclone.conf", "is said to be none")
    code, text = site.sclone("why", "4711", check=False)
    tap.equal(code, 1, "a job that never was")
    tap.contains(text, "nothing is known of job 4711", "is not known")


with labsclone.Site(nodes=2, sources=2) as site_:
    site_.requeue_soon()
    site_.start()
    job_ = test_failure(site_)
    test_wait(site_)
    test_restart(site_, job_)
    test_strangers(site_)
sys.exit(tap.done())
