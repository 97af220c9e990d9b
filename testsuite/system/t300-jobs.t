#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs on clones, from the request to the proof that the VM is gone."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def test_srun():
    with labsclone.Site(nodes=4) as site:
        site.start()
        tap.equal(site.clones(), [], "no VM before the job")
        code, text = site.run("srun", "-N2", "sh", "-c",
                              "echo $SLURMD_NODENAME")
        tap.equal((code, sorted(text.split())), (0, ["vm1", "vm2"]),
                  "srun runs on two nodes that did not exist")
        site.await_clean()
        tap.equal(site.clones(), [], "their VMs are gone")
        cycles = site.history()
        tap.equal(sorted(c["node"] for c in cycles), ["vm1", "vm2"],
                  "both cycles are in the history")
        tap.ok(all(c["evidence"] == ["name", "instance_uuid", "bios_uuid"]
                   for c in cycles), "with evidence of absence")
        made = [e for e in site.witness("vm_created")]
        tap.equal(len(made), 2, "vCenter made two VMs, no more")


def test_batch():
    with labsclone.Site(nodes=4) as site:
        site.start()
        job = site.sbatch("--wrap=hostname")
        site.await_job(job, "COMPLETED")
        tap.ok(True, "a batch job completes")
        site.await_clean()
        site.sbatch("--array=1-8", "--wrap=true")
        site.await_no_jobs()
        site.await_clean()
        vms = [e["name"] for e in site.witness("vm_created")]
        tap.equal(len(vms), 9, "each of nine tasks had a VM of its own")


test_srun()
test_batch()
sys.exit(tap.done())
