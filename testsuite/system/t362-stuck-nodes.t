#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that Slurm would leave as they are for ever come back: down after a
ResumeTimeout that nobody was told of, idle but never scheduled, waited for
though nobody makes them, up without a VM. One that an admin has set down, or
that has a stranger's VM, does not."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

OFF = {"IDLE", "CLOUD", "POWERED_DOWN"}


def is_off(site, node):
    """POWERED_DOWN and nothing else, as a node that can be used."""
    return site.state(node) == OFF


def forget_requests(site):
    """What slurmctld's programs wrote is lost, with the disk."""
    for path in glob.glob(site.path("spool/*")):
        if os.path.isfile(path):
            os.unlink(path)


def break_nodes(site):
    """What each node is stuck in, with scloned away."""
    site.update_node("vm1", "DOWN", "ResumeTimeout reached")
    site.await_state("vm1", ["DOWN", "POWERED_DOWN"])
    site.update_node("vm2", "DOWN", "ResumeTimeout reached")
    site.update_node("vm2", "RESUME")
    site.await_state("vm2", ["IDLE", "POWERED_DOWN", "NOT_RESPONDING"])
    site.update_node("vm5", "DOWN", "bad fan")
    site.await_state("vm5", ["DOWN", "POWERED_DOWN"])
    job = site.sbatch("-w", "vm3", "--wrap=true")
    site.await_state("vm3", ["POWERING_UP"])
    labslurm.await_(lambda: glob.glob(site.path("spool/*.json")),
                    "the request")
    forget_requests(site)
    site.start_slurmd("vm4")
    site.await_state("vm4", ["IDLE"], ["POWERED_DOWN", "POWERING_UP"])
    return job


def test_seen(site):
    seen = site.reconcile("--dry-run")["differences"]
    tap.equal({node: (row["slurm"], row.get("event")) for node, row in
               seen.items()},
              {"vm1": ("stuck", "RESUME_FAILED"),
               "vm2": ("stuck", "RESUME_FAILED"),
               "vm3": ("booting", "CONDEMN"),
               "vm4": ("up", "CONDEMN")},
              "what is wrong with each is seen")
    waits = {row["wait"] for row in seen.values()}
    tap.equal(waits, {"to be seen again, a minute after the first time"},
              "nothing is done at first sight")
    text = site.sclone("reconcile", check=False)[1]
    tap.contains(text, "Slurm counts on a node that has no VM",
                 "sclone reconcile says so")


def test_healed(site, job):
    site.jump(61)
    seen = site.reconcile("--now")["differences"]
    tap.ok(all(row["done"] for row in seen.values()),
           "at the second sight all of it is done")
    site.end("slurmd-vm4")
    for node, what in (("vm1", "stuck down"), ("vm2", "never scheduled"),
                       ("vm4", "a zombie's node")):
        labslurm.await_(lambda node=node: is_off(site, node), what)
        tap.ok(True, "%s: it is off, and can be used" % what)
    site.await_job(job, "COMPLETED")
    tap.ok(True, "a job that waited in vain is run after all")
    tap.equal(site.state("vm5"), {"DOWN", "CLOUD", "POWERED_DOWN"},
              "what an admin has set down stays so")
    site.await_clean()
    job = site.sbatch("-N4", "--wrap=true")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.ok(True, "the others work")


with labsclone.Site(nodes=5) as site:
    site.requeue_soon()
    site.wrap_programs()
    site.write_secrets()
    site.start_vclab()
    site.write_sclone_conf()
    site.start_slurm()
    site.jump(300)  # slurmctld has been up for long
    job = break_nodes(site)
    site.start_scloned()
    test_seen(site)
    test_healed(site, job)
sys.exit(tap.done())
