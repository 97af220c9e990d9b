#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs on real machines: vclab forks QEMU guests, sclone-guest makes nodes
of them, slurmctld runs jobs there, and they are gone afterwards."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()
image = labqemu.prepare()

with labqemu.QemuSite(image, nodes=2) as site:
    site.start()
    tap.equal(site.clones(), [], "no machine before the job")
    code, text = site.run("srun", "-N2", "--chdir=/", "sh", "-c",
                          "echo $(hostname) $(cat /etc/machine-id)",
                          bound=labslurm.BOUND)
    lines = sorted(line.split() for line in text.splitlines()
                   if line.startswith("vm"))
    tap.equal([line[0] for line in lines], ["vm1", "vm2"],
              "srun ran on two machines")
    tap.ok(len({line[-1] for line in lines}) == 2, "with IDs of their own")
    site.await_clean()
    tap.equal(site.clones(), [], "both are destroyed")
    job = int(site.run("sbatch", "--parsable", "--chdir=/",
                       "--output=/dev/null", "--wrap=test $(hostname) = "
                       "$SLURMD_NODENAME")[1])
    site.await_job(job, "COMPLETED")
    tap.ok(True, "a batch job completes")
    site.await_clean()
    tap.equal(len(site.witness("vm_created")), 3, "three machines in all")
    tap.equal(site.qemu_pids(), [], "none of their processes is left")
    replays = [line for line in site.tail("munged.out", 10000).splitlines()
               if "eplay" in line]
    tap.equal(replays, [], "no credential was made twice")
sys.exit(tap.done())
