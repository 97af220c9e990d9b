# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks share: a site without Slurm, clocks, tables."""
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

import labsclone  # noqa: E402
import labslurm  # noqa: E402

STEP = 0.002  # between two samples of a running scloned
QUIET = 0.3   # nothing written for so long: it is over
BURST = 120   # the most that a burst may take
LANES_MAX = 64  # of a source
PAIRS = 40    # in a source's extraConfig, as a real machine has
USER = "svc-slurm@vsphere.local"
PASSWORD = "open sesame"
MiB = 1024.0


class Site(labsclone.Site):
    """vclab with sim guests (ready_ms -1: they say nothing), scloned on a
    node table."""

    def __init__(self, nodes, slots=64, delay_ms=0, ready_ms=-1, lanes=None,
                 hosts=1):
        super().__init__(nodes=1, sources=hosts)
        self.count = nodes
        self.nodes_text = "vm[1-%d]" % nodes
        self.slots = slots
        self.delay_ms = delay_ms
        self.ready_ms = ready_ms
        self.lanes = min(lanes or slots, LANES_MAX)
        self.config = {"InFlight": self.lanes * hosts, "LogLevel": "info"}
        self.write("slurm.conf", "")

    def _guest(self, source):
        return {"kind": "sim", "ready_ms": self.ready_ms}

    def inventory(self):
        inventory = super().inventory()
        inventory["real_files"] = False
        for host in inventory["hosts"]:
            host.update(slots=self.slots, memory_mb=1 << 29)
        inventory["datastores"] = [{"name": "ds1", "capacity_mb": 1 << 29}]
        inventory["delays"] = {"InstantClone_Task": {"ms": self.delay_ms}}
        for source in inventory["sources"]:
            source["extraConfig"] = {
                "bench.pair.%02d" % n: "a value of some length"
                for n in range(PAIRS)}
        return inventory

    def start_scloned(self, wait=True):
        self.write("nodes.json", json.dumps({"prefix": "vm",
                                             "count": self.count}))
        self.spawn("scloned", [
            labslurm.program("scloned"), "--config", self.path("sclone.conf"),
            "--slurm-helper", os.path.join(HERE, "node_table.py")])
        if wait:
            labslurm.await_(self.is_ready, "scloned")

    def is_ready(self):
        if self.children["scloned"].poll() is not None:
            raise labslurm.Late("scloned ended: " + self.tail("scloned.out"))
        if not self.is_serving():
            return False
        return all(source["state"] == "frozen"
                   for source in self.status()["sources"])

    def start_lab(self):
        self.start_vclab()
        return self

    def start_all(self):
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        self.start_scloned()
        return self

    def stop(self):
        """No findings here: those are the tests'."""
        labslurm.Cluster.stop(self)

    @property
    def url(self):
        return "https://127.0.0.1:%d/sdk" % self.vc_port

    def places(self):
        """What the other clients are told: source, folder, pool."""
        return [labsclone.TEMPLATES + "/" + self.sources[0],
                labsclone.FOLDER, "/DC1/host/hpc/Resources/slurm"]

    def reset_stats(self):
        self.lab("stats", reset=True)

    def stats(self):
        return self.lab("stats")["stats"]

    def calls(self, since):
        """The verbs that scloned called Slurm with."""
        with open(self.path("calls.log")) as file:
            return [verb for when, verb in map(str.split, file)
                    if float(when) >= since]

    def request_clones(self, nodes=None, job=1):
        """What slurmctld does: ResumeProgram with a job for (all) nodes."""
        nodes = nodes or self.nodes_text
        self.write("allocated", "")
        self.write("resume.json", json.dumps({"jobs": [{
            "job_id": job, "features": "rocky9", "extra": None,
            "oversubscribe": "NO", "nodes_alloc": nodes,
            "nodes_resume": nodes}],
            "all_nodes_resume": nodes}))
        subprocess.run(
            [labslurm.program("sclone-resume"), "--spool", self.path("spool"),
             "--socket", self.path("sclone.sock"), nodes],
            env=dict(self.env, SLURM_RESUME_FILE=self.path("resume.json")),
            check=True)


def cpu_of(pid):
    """CPU seconds of a process that runs, to the nanosecond: the clock that
    clock_getcpuclockid(3) names."""
    return time.clock_gettime((~pid << 3) | 2)


def children_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(word) for word in file.read().split()]


def memory_of(pid, key="VmHWM"):
    """MiB of VmHWM (peak) or VmRSS."""
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / MiB
    return 0.0


def _peak(pid, before):
    try:
        return max(before, memory_of(pid))
    except OSError:
        return before


def run_measured(args, env=None):
    """Run a program to its end: (wall, CPU seconds, peak MiB). The peak is
    sampled: what wait4() tells includes this process, which it came from."""
    start = time.monotonic()
    child = subprocess.Popen(args, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL)
    peak, pid = 0.0, 0
    while not pid:
        peak = _peak(child.pid, peak)
        time.sleep(STEP)
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise labslurm.Late("%s: status %d" % (args[0], child.returncode))
    return wall, usage.ru_utime + usage.ru_stime, peak


class Burst:
    """One burst of scloned's, watched from outside: its CPU time and the
    journal's last write, sampled while it works."""

    def __init__(self, site):
        self.site = site
        self.pid = site.children["scloned"].pid
        self.wal = site.path("journal/journal.db-wal")
        self.helpers = children_of(self.pid)
        self.start_cpu = self.cpu()
        self.start_wall = time.time()
        self.written = self.write_time()
        self.end_cpu = self.start_cpu
        self.next_look = 0

    def cpu(self):
        return [cpu_of(pid) for pid in [self.pid] + self.helpers]

    def write_time(self):
        return os.stat(self.wal).st_mtime

    def sample(self):
        """Look once; whether the journal was written since the last look."""
        try:
            cpu, written = self.cpu(), self.write_time()
        except OSError:
            raise labslurm.Late("scloned or its child ended: " +
                       self.site.tail("scloned.out", 10))
        if written == self.written:
            return False
        self.written, self.end_cpu = written, cpu
        return True

    def is_over(self):
        """All submitted and nothing written for a while?"""
        now = time.time()
        if now - self.written < QUIET or now < self.next_look:
            return False
        self.next_look = now + QUIET
        methods = self.site.stats()["methods"]
        if methods.get("InstantClone_Task", 0) < self.site.count:
            return False
        nodes = self.site.status()["nodes"]
        return (len(nodes) == self.site.count and
                all(node["phase"] == "cloned" for node in nodes))

    def wait(self):
        end = time.monotonic() + BURST
        while self.sample() or not self.is_over():
            if time.monotonic() > end:
                raise labslurm.Late("the burst did not end: " +
                           self.site.tail("scloned.out", 10))
            time.sleep(STEP)

    def result(self):
        nodes = self.site.status()["nodes"]
        spent = [b - a for a, b in zip(self.start_cpu, self.end_cpu)]
        return {"wall": max(n["since"] for n in nodes) / 1e6 -
                self.start_wall,
                "durable": self.written - self.start_wall,
                "cpu": sum(spent), "helper": sum(spent[1:]),
                "rss": memory_of(self.pid)}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def ratio(a, b):
    return a / b if b else float("nan")


def verdict(value, budget):
    """A measured ratio beside its budget; says where it falls short."""
    return "%.2f (budget %.2f%s)" % (
        value, budget, "" if value <= budget else ", SHORT")


def table(head, rows):
    """Print rows of texts under a head, columns aligned."""
    widths = [max(len(str(row[i])) for row in [head] + rows)
              for i in range(len(head))]
    for row in [head, ["-" * width for width in widths]] + rows:
        print("  ".join(
            str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    print(flush=True)


def machine():
    """One line on what this was measured on."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file
                      if line.startswith("model name")), "unknown")
    return "%d x %s, load %.1f" % (os.cpu_count(), model, os.getloadavg()[0])
