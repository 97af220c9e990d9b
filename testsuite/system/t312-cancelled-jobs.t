#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs that are cancelled before their nodes are up, at every stage."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SOURCE = "rocky9-esx01"


def born(site):
    return [name for name, _, _ in site.lives()]


def await_phase(site, node, phase):
    labslurm.await_(lambda: site.phase(node) == phase,
                    "%s to be %s" % (node, phase))


def test_before_submission(site):
    site.sclone("pause")
    job = site.sbatch("-w", "vm1", "--wrap=" + labsclone.BEGAN)
    await_phase(site, "vm1", "requested")
    site.run("scancel", str(job))
    site.await_clean()
    tap.equal(born(site), [], "cancelled before its clone: none was made")
    site.sclone("unpause")
    tap.equal(site.history("vm1")[0]["outcome"], "CANCELLED",
              "and the history says so")


def test_while_cloning(site):
    site.block(SOURCE)
    first = site.sbatch("-w", "vm1,vm2", "--wrap=" + labsclone.BEGAN)
    for node in "vm1", "vm2":
        await_phase(site, node, "cloning")
    site.run("scancel", str(first))
    for node in "vm1", "vm2":
        await_phase(site, node, "condemned")
    second = site.sbatch("-w", "vm1", "--wrap=" + labsclone.BEGAN)
    site.unblock(SOURCE)
    site.await_job(second, "COMPLETED")
    site.await_clean()
    tap.equal(sorted(born(site)), ["vm1", "vm1", "vm2"],
              "cancelled while it was cloned: the clones were finished")
    tap.ok(all(gone for _, _, gone in site.lives()), "and destroyed")
    tap.equal([jobs for jobs in site.tenants() if jobs], [[second]],
              "the next job ran on a VM of its own")


def test_while_booting(site):
    before = len(site.lives())
    job = site.sbatch("-w", "vm3", "--wrap=" + labsclone.BEGAN)
    await_phase(site, "vm3", "cloned")
    site.run("scancel", str(job))
    site.await_clean()
    tap.equal([(name, bool(gone)) for name, _, gone in site.lives()[before:]],
              [("vm3", True)],
              "cancelled while its guest starts: the VM is destroyed")


def test_while_running(site):
    before = len(site.lives())
    job = site.sbatch("-w", "vm4", "--wrap=sleep 600")
    site.await_job(job, "RUNNING")
    site.run("scancel", str(job))
    site.await_clean()
    tap.equal([(name, bool(gone)) for name, _, gone in site.lives()[before:]],
              [("vm4", True)], "cancelled while it runs: likewise")


def test_at_once(site):
    """Whatever the moment turns out to be."""
    for _ in range(5):
        job = site.sbatch("-N2", "-w", "vm[1-2]", "--wrap=sleep 600")
        site.run("scancel", str(job))
    last = site.sbatch("-w", "vm2", "--wrap=" + labsclone.BEGAN)
    site.await_job(last, "COMPLETED")
    site.await_clean()
    tap.ok(all(gone for _, _, gone in site.lives()),
           "cancelled at any moment: no VM is left")
    tap.equal([jobs for jobs in site.tenants() if last in jobs], [[last]],
              "and the node serves the next job")


with labsclone.Site(nodes=4, mode="slow") as lab:
    for name in "vm1", "vm2", "vm4":
        lab.write("go-" + name, "")
    lab.start()
    test_before_submission(lab)
    test_while_cloning(lab)
    test_while_booting(lab)
    test_while_running(lab)
    test_at_once(lab)
    tap.equal(lab.clones(), [], "no orphan")
sys.exit(tap.done())
