#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nobody can be asked for as long as two jobs need: the VM that was up for
nobody serves the first of them alone, then and when scloned is back."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN


class Impatient(labsclone.Site):
    """The prologs give up at once when scloned is away."""

    def wrap_programs(self):
        super().wrap_programs()
        self.wrap("PrologSlurmctld", "sclone-prolog", "--conf",
                  self.path("sclone.conf"), "--spool", self.path("spool"),
                  "--socket", self.path("sclone.sock"), "--patience", "0")


def claim(site, node):
    path = os.path.join(site.path("spool"), "claims", node)
    return os.readlink(path) if os.path.islink(path) else None


def power_up(site, node):
    """It is up for whoever comes: nobody marks it."""
    site.update_node(node, "POWER_UP")
    site.await_state(node, ["IDLE"], ["POWERED_DOWN", "POWERING_UP",
                                      "NOT_RESPONDING"])
    labslurm.await_(lambda: site.phase(node) == "ready", node)


def test_away(site):
    power_up(site, "vm1")
    site.end("scloned", signal.SIGKILL)
    first = site.sbatch("-w", "vm1", BEGAN)
    site.await_job(first, "COMPLETED")
    tap.equal(claim(site, "vm1"), "%d.0" % first,
              "the first job ran, and its prolog has noted it")
    second = site.sbatch("-w", "vm1", BEGAN)
    labslurm.await_(lambda: site.show("job", second)["Restarts"] != "0",
                    "the second job to be requeued")
    tap.equal(site.tenants(), [[first]],
              "the second one does not get the used VM")
    return first, second


def test_back(site, first, second):
    site.start_scloned()
    site.await_job(second, "COMPLETED")
    site.await_clean()
    tap.equal(sorted(site.tenants()), [[first], [second]],
              "it gets another one when scloned is back")
    tap.equal(claim(site, "vm1"), None, "of which nothing is left")


def test_back_between(site):
    """The first job's prolog could not ask, the second one's can."""
    power_up(site, "vm2")
    site.end("scloned", signal.SIGKILL)
    first = site.sbatch("-w", "vm2", BEGAN)
    site.await_job(first, "COMPLETED")
    site.start_scloned()
    second = site.sbatch("-w", "vm2", BEGAN)
    site.await_job(second, "COMPLETED")
    site.await_clean()
    tap.equal([jobs for jobs in site.tenants() if first in jobs or
               second in jobs], [[first], [second]],
              "who comes when scloned is back says whose the VM was")


with Impatient(nodes=2) as lab:
    lab.requeue_soon()
    lab.start()
    test_back(lab, *test_away(lab))
    test_back_between(lab)
sys.exit(tap.done())
