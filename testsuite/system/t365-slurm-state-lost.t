#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""slurmctld is started with -c under busy VMs: none is ended until an admin
says so, and then all nodes work again."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

NODES = 6  # more than the brake lets pass


def lose_state(site):
    site.end("slurmctld")
    site.start_slurmctld("-c")
    for node in site.nodes:
        site.await_state(node, ["IDLE", "POWERED_DOWN"])


def test_braked(site):
    site.jump(600)
    site.await_seen("off", NODES)
    seen = site.reconcile_twice()
    tap.ok(seen["braked"], "%d VMs of which Slurm knows nothing" % NODES)
    tap.ok(not any(row["done"] for row in seen["differences"].values()),
           "none is ended")
    tap.equal(site.clones(), site.nodes, "all are there")


def test_applied(site):
    site.reconcile("--apply")
    labslurm.await_(lambda: not site.clones(), "the VMs to go")
    site.await_clean()
    tap.ok(True, "an admin lets them go")
    job = site.sbatch("-N%d" % NODES, "--wrap=" + labsclone.BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.ok(True, "all nodes work")


class Site(labsclone.Site):
    def await_seen(self, slurm, count):
        labslurm.await_(lambda: [row["slurm"] for row in self.reconcile(
            "--dry-run")["differences"].values()] == [slurm] * count,
            "%d nodes to be %s" % (count, slurm))


with Site(nodes=NODES) as site:
    site.start()
    job = site.sbatch("-N%d" % NODES, "--wrap=sleep 1000")
    site.await_job(job, "RUNNING")
    lose_state(site)
    test_braked(site)
    test_applied(site)
sys.exit(tap.done())
