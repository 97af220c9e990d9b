#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What ./demo shows: jobs on a real slurmctld whose nodes are QEMU guests
that did not exist a second before, and are gone after."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import labqemu  # noqa: E402
from labslurm import await_  # noqa: E402

PHASES = ("requested", "cloning", "cloned", "identified", "ready",
          "releasing")


def say(text=""):
    print(text, flush=True)


class Step:
    """A line that says how long something took."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        print("  %-58s" % (self.what + " ..."), end="", flush=True)
        self.start = time.monotonic()

    def __exit__(self, kind, *_):
        say("failed" if kind else
            "%6.2f s" % (time.monotonic() - self.start))


def shared_memory(pids):
    """Mean proportional share of memory of processes, MiB."""
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith("Pss:"))
    return total / 1024 / max(len(pids), 1)


def show_timeline(cycles, submitted):
    """When each node reached each phase, in ms from the submission."""
    say("\n  ms from srun:   " + "".join("%11s" % p for p in PHASES)
        + "       gone")
    for cycle in sorted(cycles, key=lambda c: c["node"]):
        at = [cycle["at"].get(p, 0) for p in PHASES] + [cycle["ended"]]
        say("  %-15s" % cycle["node"] + "".join(
            "%11s" % (int(t / 1000 - submitted * 1000) if t else "-")
            for t in at))
    say()


def first_job(site):
    say("Two nodes, from no VM at all:")
    submitted = time.time()
    with Step("srun -N2 hostname"):
        output = site.run("srun", "-N2", "sh", "-c",
                          "echo $SLURMD_NODENAME runs on $(hostname)")[1]
    for line in sorted(output.splitlines()):
        say("    " + line)
    with Step("both VMs destroyed, absence proven, names free"):
        site.await_clean()
    show_timeline(site.history(), submitted)


def array_job(site):
    say("An array of eight tasks over four node names, each on a VM of its "
        "own:")
    with Step("sbatch --array=1-8, until the last task has run"):
        site.sbatch("--array=1-8", "--wrap=hostname")
        site.await_no_jobs()
    with Step("all VMs gone"):
        site.await_clean()
    say("  VMs made so far: %d; now: %d\n"
        % (len(site.witness("vm_created")) - 1, len(site.clones())))


def memory(site, booted):
    say("Memory, while a job holds four nodes:")
    job = site.sbatch("-N4", "--wrap=srun sleep 600")
    with Step("four clones running"):
        site.await_job(job, "RUNNING")
    clones = shared_memory(site.qemu_pids())
    say("  a clone %.0f MiB, a machine that boots for itself %s"
        % (clones, "%.0f MiB" % booted if booted else "was not measured: "
           "the frozen template came from the cache"))
    with Step("scancel, until all VMs are gone"):
        site.run("scancel", str(job))
        site.await_clean()
    say()


class DemoSite(labqemu.QemuSite):
    """Measures the template while it is still a machine of its own."""

    booted = 0

    def is_frozen(self):
        pids = self.qemu_pids()
        if pids:
            try:
                self.booted = max(self.booted, shared_memory(pids))
            except OSError:
                pass  # it has just ended: frozen
        return super().is_frozen()


def main():
    if "SCLONE_LAB_IMAGE" not in os.environ:
        with Step("the guests' image: kernel, munge, slurmd, sclone-guest"):
            os.environ["SCLONE_LAB_IMAGE"] = labqemu.make_image()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(1))
    site = DemoSite(labqemu.prepare(), nodes=4)
    with site:
        with Step("a template boots in QEMU and freezes itself"):
            site.wrap_programs()
            site.write_secrets()
            site.start_vclab()
        with Step("munged, slurmctld, scloned"):
            site.write_sclone_conf()
            site.start_slurm()
            site.start_scloned()
        say()
        first_job(site)
        array_job(site)
        memory(site, site.booted)
        say(site.sclone("status", check=False)[1])
        left = site.clones()
    say("nothing is left behind." if not left else "LEFT: %s" % left)
    return 1 if left else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\ninterrupted; everything that was started has been ended")
        sys.exit(130)
