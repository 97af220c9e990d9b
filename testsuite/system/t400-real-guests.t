#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs on real machines: vclab forks QEMU guests, sclone-guest makes nodes
of them, slurmctld runs jobs there, and they are gone afterwards. What must
differ between two clones differs, they reach each other, and the frozen
source stays as it was to the last byte."""
import glob
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

# One line of "key=value" words a task.
TELL = r"""
echo node=$SLURMD_NODENAME name=$(hostname) \
	mac=$(cat /sys/class/net/e*/address) \
	machine=$(cat /etc/machine-id) \
	random=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n') \
	uuid=$(cat /proc/sys/kernel/random/uuid)
"""

# vm1 listens, vm2 calls it: by ICMP, then by TCP as an MPI rank would.
MEET = r"""
if [ $SLURMD_NODENAME = vm1 ]; then
	# Its input must not end first: the caller would leave unheard.
	mkfifo /tmp/open && exec 3<>/tmp/open
	echo heard $(timeout 60 nc -l -p 7000 <&3)
else
	ping -c 1 -W 10 10.20.0.1 >/dev/null && echo pinged
	tries=0
	until echo hello from $(hostname) | nc -w 5 10.20.0.1 7000; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || exit 1
		sleep 0.1
	done
fi
"""


def digests(site):
    """Of all that the clones stand on."""
    found = {}
    for name in "ram", "state", "*.vmdk":
        for path in glob.glob(site.path("lab/datastores/*/rocky9*/" + name)):
            with open(path, "rb") as file:
                found[os.path.basename(path)] = hashlib.file_digest(
                    file, "sha256").hexdigest()
    return found


def check_two(site):
    text = site.run("srun", "-N2", "--chdir=/", "sh", "-c", TELL)[1]
    told = [dict(word.split("=", 1) for word in line.split())
            for line in sorted(text.splitlines())
            if line.startswith("node=")]
    tap.equal([(t["node"], t["name"]) for t in told],
              [("vm1", "vm1"), ("vm2", "vm2")],
              "srun runs on two machines that have their nodes' names")
    for key in "mac", "machine", "random", "uuid":
        values = {t[key] for t in told} - {""}
        tap.equal(len(values), 2, "two clones differ in " + key)
    macs = {vm["mac"] for vm in site.lab("vms")["vms"]
            if vm["name"].startswith("rocky9")}
    tap.ok(not macs & {t["mac"] for t in told},
           "none has the source's MAC address")


def check_meeting(site):
    text = site.run("srun", "-N2", "--chdir=/", "sh", "-c", MEET,
                    bound=2 * labslurm.BOUND)[1]
    tap.contains(text, "pinged", "a node of a job pings another")
    tap.contains(text, "heard hello from vm2", "and talks to it by TCP")


def check_gone(site):
    site.await_clean()
    names = [vm["name"] for vm in site.lab("vms")["vms"]]
    tap.equal(names, site.sources, "all clones are destroyed")
    for path in "lab/datastores/*/vm*/*", "lab/rpc/*":
        tap.equal(glob.glob(site.path(path)), [], "nothing is in " + path)
    tap.equal(site.qemu_pids(), [], "none of their processes is left")
    for node in "vm1", "vm2":
        tap.ok(site.in_order(node, "DESTROYED", "ABSENCE_PROVEN",
                             "SLURM_NODE_RESUME"),
               node + ": its name is free after the proof of absence")


def check_batch(site):
    job = site.sbatch("--wrap=test $(hostname) = $SLURMD_NODENAME")
    site.await_job(job, "COMPLETED")
    tap.ok(True, "a batch job completes on its node")


labslurm.require()
image = labqemu.prepare()

with labqemu.QemuSite(image, nodes=2) as site:
    site.keep_source = False
    site.start()
    tap.equal(site.clones(), [], "no machine before the job")
    before = digests(site)
    tap.equal(sorted(before), ["ram", "rocky9-esx01.vmdk", "state"],
              "the source is frozen: memory, devices, disk")
    check_two(site)
    check_meeting(site)
    check_batch(site)
    check_gone(site)
    tap.equal(digests(site), before, "the source is the same to the byte")
    tap.equal(len(site.witness("vm_created")), 5, "a machine a node a job")
    replays = [line for line in site.tail("munged.out", 10000).splitlines()
               if "eplay" in line]
    tap.equal(replays, [], "no credential was made twice")
sys.exit(tap.done())
