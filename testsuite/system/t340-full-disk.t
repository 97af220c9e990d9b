#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal's disk is full: releases go on, new clones wait."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


class SmallDisk(labsclone.Site):
    """The state directory is a disk of 8 MiB that only scloned sees."""

    def spawn(self, name, args, **more):
        if name == "scloned":
            os.makedirs(self.path("journal"), exist_ok=True)
            args = ["unshare", "--mount", "sh", "-c",
                    'mount -t tmpfs -o size=8m,mode=700 disk "$0" && '
                    'exec "$@"', self.path("journal")] + args
        return super().spawn(name, args, **more)

    def hog(self):
        return "/proc/%d/root%s" % (self.children["scloned"].pid,
                                    self.path("journal/hog"))

    def fill(self):
        with open(self.hog(), "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                tap.diag(error.strerror)


def is_low(site):
    return site.status()["daemon"]["journal_low"]


with SmallDisk(nodes=2) as site:
    site.start()
    end = site.path("end")
    running = site.sbatch("-w", "vm1", "--wrap=while [ ! -e %s ]; do sleep "
                          "0.05; done" % end)
    site.await_job(running, "RUNNING")
    tap.ok(not is_low(site), "there is room at first")
    site.fill()
    site.write("end", "")
    site.await_job(running, "COMPLETED")
    labslurm.await_(lambda: site.clones() == [], "the release")
    site.await_clean()
    tap.ok(True, "a full disk does not keep a VM from its release")
    labslurm.await_(lambda: is_low(site), "scloned to notice")
    code, text = site.sclone("status", check=False)
    tap.ok(code != 0 and "journal" in text, "status says so: " +
           text.splitlines()[0])
    job = site.sbatch("-w", "vm2", "--wrap=true")
    labslurm.await_(lambda: "disk is full" in
                    (site.status("vm2")["nodes"][0].get("error", "")),
                    "the new request to wait")
    tap.equal(site.clones(), [], "no new clone is made meanwhile")
    os.unlink(site.hog())
    site.await_job(job, "COMPLETED")
    tap.ok(True, "it goes on when there is room")
    site.await_clean()
    tap.ok(not is_low(site), "and all is well")
sys.exit(tap.done())
