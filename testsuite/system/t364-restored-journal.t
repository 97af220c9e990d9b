#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal is restored from an hour ago: jobs of today go on, what was
under way then is over, no VM is doubled, lost or left, no epoch is used
again. One record that cannot be read is put aside, and everything else
works."""
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

HOUR = 3600


def sleeper(site, node):
    """A job on that node that goes on until its file is there."""
    job = site.sbatch("-w", node, "--wrap=%s; until [ -e %s ]; do sleep 0.1; "
                      "done" % (labsclone.BEGAN, site.path("end-" + node)))
    site.await_job(job, "RUNNING")
    return job


def end_job(site, node, job):
    site.write("end-" + node, "")
    site.await_job(job, "COMPLETED")
    os.unlink(site.path("end-" + node))


def copy_journal(site):
    """As a backup that is made while scloned is down."""
    site.end("scloned")
    shutil.copytree(site.path("journal"), site.path("backup"))
    site.start_scloned()


def restore_journal(site):
    site.end("scloned")
    shutil.rmtree(site.path("journal"))
    os.rename(site.path("backup"), site.path("journal"))
    site.start_scloned()


def serves(site, node):
    """The epoch in which the node is up, or None."""
    row = site.status(node)["nodes"][0]
    return row["epoch"] if row["phase"] == "ready" else None


def test_restored(site):
    """vm1 serves then and now, another job; vm2 served then and is off now;
    vm3 serves now only; vm4 was on its way then and serves now."""
    first = {node: sleeper(site, node) for node in ("vm1", "vm2")}
    site.set_mode("slow")
    coming = site.sbatch("-w", "vm4", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm4") == "cloned", "vm4's clone")
    copy_journal(site)
    site.set_mode("")
    site.write("go-vm4", "")
    site.await_job(coming, "COMPLETED")
    for node, job in first.items():
        end_job(site, node, job)
    site.await_clean()
    site.jump(HOUR)
    today = {node: sleeper(site, node) for node in ("vm1", "vm3", "vm4")}
    clones = len(site.witness("vm_created"))
    epochs = {entry["name"]: site.status(entry["name"])["nodes"][0]["epoch"]
              for entry in site.witness("vm_created")}
    restore_journal(site)
    for node in "vm1", "vm4":
        labslurm.await_(lambda node=node: serves(site, node) == epochs[node],
                        "the VM of %s to be taken over" % node)
    tap.ok(True, "VMs that are younger than their records are taken over")
    labslurm.await_(lambda: site.phase("vm2") == "absent",
                    "the record of then to end")
    site.reconcile_twice()
    tap.equal([site.job_state(job) for job in today.values()],
              ["RUNNING"] * 3, "the jobs of today go on")
    for node, job in today.items():
        end_job(site, node, job)
    site.await_clean()
    tap.equal(site.clones(), [], "at their end their VMs go")
    tap.equal(len(site.witness("vm_created")), clones,
              "nothing was cloned for what was asked an hour ago")
    tap.ok(not any("sclone: (" in site.scontrol("show", "job", str(job))
                   for job in [coming] + list(first.values())),
           "and nothing said to its jobs")
    return epochs


def test_epochs(site, epochs):
    job = site.sbatch("-N4", "--wrap=" + labsclone.BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    for node in site.nodes:
        rows = [row["epoch"] for row in site.history(node)]
        if not rows[0] > epochs.get(node, 0) or len(set(rows)) < len(rows):
            tap.ok(False, "%s: epoch used again: %s" % (node, rows))
    tap.ok(True, "no epoch is used again")


def spoil(site, node):
    """The record's line loses its end, as by a bad sector, and so does the
    last one of the history."""
    site.end("scloned")
    with sqlite3.connect(site.path("journal/journal.db")) as db:
        db.execute("UPDATE record SET text=substr(text,1,40)||char(7) "
                   "WHERE node=?", (node,))
        db.execute("UPDATE cycle SET text=substr(text,1,40) "
                   "WHERE ended=(SELECT max(ended) FROM cycle)")
    db.close()
    site.start_scloned()


def test_unreadable(site):
    busy = sleeper(site, "vm1")
    spoil(site, "vm1")
    tap.equal(site.job_state(busy), "RUNNING",
              "scloned starts with a record that cannot be read")
    code, text = site.sclone("status", check=False)
    tap.equal(code, 1, "sclone status wants a look at it")
    tap.contains(text, '"sclone release vm1" when its VM may go',
                 "and names the cure")
    outcomes = [row["outcome"] for row in site.history()]
    tap.ok(outcomes[0] == "UNREADABLE" and
           "UNREADABLE" not in outcomes[1:],
           "a line of the history that cannot be read hides no other")
    code, text = site.sclone("release", "vm1", check=False)
    tap.contains(text, "its VM goes when Slurm ends it",
                 "which does not end a job")
    end_job(site, "vm1", busy)
    labslurm.await_(lambda: "vm1" not in site.clones(), "its VM to go")
    site.await_state("vm1", ["POWERED_DOWN", "DRAIN"], ["POWERING_DOWN"])
    tap.contains(site.scontrol("show", "node", "vm1"),
                 "sclone: (QUARANTINE)", "the node is drained, and says why")
    others = site.sbatch("-N3", "--wrap=" + labsclone.BEGAN)
    site.await_job(others, "COMPLETED")
    tap.ok(True, "the others work on")
    site.end("scloned")
    site.start_scloned()
    tap.contains(site.sclone("status", check=False)[1], "in quarantine",
                 "a restart does not forget it")
    site.sclone("release", "vm1")
    site.await_state("vm1", ["POWERED_DOWN"], ["DRAIN", "POWERING_DOWN"])
    job = site.sbatch("-N4", "--wrap=" + labsclone.BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.ok(True, "released by hand it works again")


with labsclone.Site(nodes=4) as site:
    site.start()
    site.jump(300)
    epochs = test_restored(site)
    test_epochs(site, epochs)
    test_unreadable(site)
sys.exit(tap.done())
