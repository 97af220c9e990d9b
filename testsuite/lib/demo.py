#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What ./demo shows: jobs on a real slurmctld whose nodes are QEMU guests
that did not exist a second before, and are gone after."""
import os
import re
import signal
import sys
import time
from datetime import datetime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import labqemu  # noqa: E402

WIDTH = 62
NODES = 4
SLURMCTLD_TIME = r"^\[(\S+)\] %s"


def say(text=""):
    print(text, flush=True)


class Step:
    """A line that says how long something took."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        print("  %-*s" % (WIDTH, self.what + " ..."), end="", flush=True)
        self.start = time.monotonic()

    def __exit__(self, kind, *_):
        say({None: "%6.2f s" % (time.monotonic() - self.start),
             KeyboardInterrupt: "interrupted"}.get(kind, "failed"))


def shared_memory(pids):
    """Mean proportional share of memory of processes, MiB."""
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith("Pss:"))
    return total / 1024 / max(len(pids), 1)


class DemoSite(labqemu.QemuSite):
    """Always boots its template, and measures it while it is still a
    machine of its own. Says at the end only what is wrong."""

    booted = 0
    is_good = True

    def __init__(self, image, nodes):
        super().__init__(image, nodes=nodes)
        self.keep_source = False

    def is_frozen(self):
        try:
            self.booted = max(self.booted, shared_memory(self.qemu_pids()))
        except OSError:
            pass  # it has just ended: frozen
        return super().is_frozen()

    def judge(self, got, want, what):
        if got != want:
            self.is_good = False
            say("WRONG: not so: %s (%r)" % (what, got))

    def stop(self):
        for name in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            signal.signal(name, signal.SIG_IGN)
        super().stop()

    def logged(self, text):
        """When slurmctld said it last, seconds since 1970."""
        with open(self.path("slurmctld.log"), errors="replace") as file:
            found = re.findall(SLURMCTLD_TIME % text, file.read(), re.M)
        return datetime.fromisoformat(found[-1]).timestamp() if found else 0

    def guest_said(self, node, key, start):
        """When the node's clone wrote a guestinfo key that way."""
        times = [e["time"] / 1e6 for e in self.witness("guest_set")
                 if e["name"] == node and e["key"] == key and
                 e["value"].startswith(start)]
        return times[-1] if times else 0

    def way(self, cycle, job):
        """[(what, seconds since 1970)] of one node's life."""
        node, at = cycle["node"], cycle["at"]
        state = "guestinfo.sclone.state"
        return [
            ("Slurm wants the node: sclone-resume", at["requested"] / 1e6),
            ("vCenter is asked for a clone", at["cloning"] / 1e6),
            ("the clone exists, its guest runs", at["cloned"] / 1e6),
            ("the guest has its identity",
             self.guest_said(node, "guestinfo.sclone", "used")),
            ("the guest has network and munge, starts slurmd",
             self.guest_said(node, state, '{"v":1')),
            ("slurmctld hears from slurmd",
             self.logged("Node %s now responding" % node)),
            ("the job starts",
             self.logged(r"Resetting JobId=%s start time" % job)),
            ("the job is over: sclone-suspend", at["releasing"] / 1e6),
            ("the VM is destroyed, its absence proven",
             cycle["ended"] / 1e6),
        ]


def show_timeline(site, job, submitted):
    cycles = sorted(site.history(), key=lambda c: c["node"])
    ways = [site.way(cycle, job) for cycle in cycles]
    say("\n  %-*s" % (WIDTH - 8 * (len(ways) - 1), "seconds after srun")
        + "".join("%8s" % cycle["node"] for cycle in cycles))
    for steps in zip(*ways):
        say("  %-*s" % (WIDTH - 8 * (len(ways) - 1), steps[0][0])
            + "".join("%8.2f" % (when - submitted) if when else "       -"
                      for _, when in steps))
    say()


def first_job(site):
    say("A job on two nodes, while no VM exists but the frozen template:")
    submitted = time.time()
    with Step("srun -N2 hostname"):
        output = site.run("srun", "-N2", "--chdir=/", "sh", "-c", "echo job "
                          "$SLURM_JOB_ID: $SLURMD_NODENAME is $(hostname), "
                          "machine $(cat /etc/machine-id)")[1]
    for line in sorted(output.splitlines()):
        say("      " + line)
    with Step("both VMs destroyed, absence proven, names free again"):
        site.await_clean()
    show_timeline(site, re.search(r"job (\d+)", output).group(1), submitted)


def array_job(site):
    say("An array of eight tasks on four node names, each on a VM of its "
        "own:")
    before = len(site.witness("vm_created"))
    with Step("sbatch --array=1-8, until the last task has run"):
        site.sbatch("--array=1-8", "--wrap=hostname")
        site.await_no_jobs()
    with Step("all VMs destroyed"):
        site.await_clean()
    say("      VMs made: %d; left: %d\n"
        % (len(site.witness("vm_created")) - before, len(site.clones())))


def memory(site):
    say("What the admin sees, while a job holds four nodes:")
    job = site.sbatch("-N%d" % NODES, "--wrap=srun sleep 600")
    with Step("sbatch -N%d, until it runs" % NODES):
        site.await_job(job, "RUNNING")
    clones = shared_memory(site.qemu_pids())
    say("\n  $ sclone status")
    for line in site.sclone("status", check=False)[1].splitlines():
        say("  " + line)
    say("\n  memory: a clone %.0f MiB, of a machine that boots for itself "
        "%.0f MiB" % (clones, site.booted))
    with Step("scancel, until all VMs are destroyed"):
        site.run("scancel", str(job))
        site.await_clean()
    say()


def run(site):
    with Step("a template boots in QEMU and freezes itself"):
        site.wrap_programs()
        site.write_secrets()
        site.start_vclab()
    with Step("munged, slurmctld and scloned start"):
        site.write_sclone_conf()
        site.start_slurm()
        site.start_scloned()
    say()
    first_job(site)
    array_job(site)
    memory(site)
    return site.clones()


def main():
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(1))
    if "SCLONE_LAB_IMAGE" not in os.environ:
        with Step("an image for guests, with Debian's kernel, munge and slurmd"):
            os.environ["SCLONE_LAB_IMAGE"] = labqemu.make_image()
    with DemoSite(labqemu.prepare(), NODES) as site:
        left = run(site)
    if left or not site.is_good:
        say("not as it should be; left: %s" % left)
        return 1
    say("All VMs are gone, everything that was started has ended.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\ninterrupted; everything that was started has been ended")
        sys.exit(130)
