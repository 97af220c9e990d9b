#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a job writes at its very end is on the server after its machine has
been destroyed: Slurm's Epilog, the one of the examples, runs `sclone-guest
release`, which flushes and unmounts, and the machine is not destroyed before
that.

The server is a network block device with a file system of its own, mounted
by a post-clone hook. Without Epilog= below, the file is not found on the
server: its blocks were in the machine's memory only (tried by hand).
"""
import hashlib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

LINES = 200000
HOOK = """#!/bin/sh
echo >/run/sclone/slurmd.env
nbd-client %s -N data /dev/nbd0 &&
	mkdir -p /data && mount -t ext4 /dev/nbd0 /data
""" % labqemu.CONTROLLER


def prepare():
    """An image whose clones mount the server's device."""
    if os.environ.get("SCLONE_LAB") != "inside":
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "10-data")
            with open(path, "w") as file:
                file.write(HOOK)
            os.environ["SCLONE_LAB_IMAGE"] = labqemu.make_image(
                "--nbd", "--hook", "post-clone=" + path)
    return labqemu.prepare()


class ServedSite(labqemu.QemuSite):
    def start_slurm(self):
        """The server is there before the first clone. It serves any number
        of clients: a machine that is destroyed does not hang up."""
        with open(self.path("data"), "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-O",
                        "^has_journal", self.path("data")], check=True)
        child = self.spawn("qemu-nbd", [
            "qemu-nbd", "--format=raw", "--persistent", "--shared=0",
            "--export-name=data", "--bind=" + labqemu.CONTROLLER,
            "--pid-file=" + self.path("nbd.pid"), self.path("data")])
        labslurm.await_(lambda: child.poll() is not None or
                        os.path.exists(self.path("nbd.pid")), "qemu-nbd")
        super().start_slurm()

    def served(self, name):
        """A file as the server has it."""
        return subprocess.run(
            ["debugfs", "-R", "cat " + name, self.path("data")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=True).stdout

    def served_state(self):
        text = subprocess.run(["dumpe2fs", "-h", self.path("data")],
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL, check=True).stdout
        return next(line.split(":")[1].strip() for line in text.splitlines()
                    if line.startswith("Filesystem state:"))


labslurm.require()
image = prepare()

with ServedSite(image, nodes=1) as site:
    site.settings["Epilog"] = "/etc/slurm/epilog"
    site.start()
    for count in 1, 2:
        job = site.sbatch("--wrap=exec seq %d >/data/result-$SLURM_JOB_ID"
                          % LINES)
        site.await_job(job, "COMPLETED")
        site.await_clean()
        want = "".join("%d\n" % (n + 1) for n in range(LINES)).encode()
        got = site.served("result-%d" % job)
        tap.equal((len(got), hashlib.sha256(got).hexdigest()),
                  (len(want), hashlib.sha256(want).hexdigest()),
                  "what job %d wrote last is on the server" % job)
        tap.equal(site.served_state(), "clean",
                  "and its file system was unmounted")
sys.exit(tap.done())
