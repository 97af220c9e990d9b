#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""When a job starts: after its nodes are up, and at once; not at slurmctld's
next tick. Jobs of all kinds beside each other."""
import datetime
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


class Site(labsclone.Site):
    """Notes when each job's prolog has ended."""

    def wrap_programs(self):
        super().wrap_programs()
        self.settings["PrologSlurmctld"] = self.script(
            "noted-prolog", """%s "$@"
status=$?
echo $SLURM_JOB_ID $(/bin/date +%%s%%6N) >> %s
exit $status
""" % (self.settings["PrologSlurmctld"], self.path("prologs")))

    def prolog_end(self, job):
        """us; of the last one, should the job have been requeued."""
        with open(self.path("prologs")) as file:
            return [int(when) for number, when in map(str.split, file)
                    if int(number) == job][-1]

    def logged(self, pattern):
        """When slurmctld wrote such lines, us."""
        with open(self.path("slurmctld.log"), errors="replace") as file:
            found = re.findall(r"^\[(\S+)\] .*(?:%s)" % pattern, file.read(),
                               re.MULTILINE)
        return [int(datetime.datetime.fromisoformat(text).timestamp() * 1e6)
                for text in found]


def check_start(site, job, nodes, what):
    """The nodes registered, the prolog ended, and that started the job. A
    tick of slurmctld's may have come in between, but not afterwards."""
    up = max([0] + [max(site.logged("Node %s now responding" % node))
                    for node in nodes])
    end = site.prolog_end(job)
    by_prolog = site.logged("prolog_running_decr: Configuration for "
                            "JobId=%d is complete" % job)
    by_tick = site.logged("job_time_limit: Configuration for JobId=%d "
                          "complete" % job)
    if not tap.ok(up <= end and (by_prolog or by_tick[0] <= end), what):
        tap.diag("nodes up %r, prolog ended %r, started by prolog %r, by "
                 "tick %r" % (up, end, by_prolog, by_tick))


def test_batch(site):
    job = site.sbatch("-N3", "-w", "vm[1-3]", "--wrap=true")
    site.await_job(job, "COMPLETED")
    check_start(site, job, ["vm1", "vm2", "vm3"],
                "a batch job starts when its prolog has seen all nodes up")
    site.await_clean()


def test_slow_node(site):
    """One of two guests takes its time: the prolog waits for it."""
    os.unlink(site.path("go-vm4"))
    job = site.sbatch("-N2", "-w", "vm[3-4]", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm3") == "ready", "the quick node")
    tap.equal(site.job_state(job), "CONFIGURING",
              "a job waits for its last node")
    site.write("go-vm4", "")
    site.await_job(job, "COMPLETED")
    check_start(site, job, ["vm3", "vm4"], "and then starts at once")
    site.await_clean()


def test_daemon_restarts(site):
    """A prolog that waits outlives the scloned it waits for."""
    os.unlink(site.path("go-vm4"))
    job = site.sbatch("-w", "vm4", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm4") == "cloned", "the clone")
    tap.equal(site.end("scloned"), 0, "scloned ends while a prolog waits")
    site.start_scloned()
    tap.equal(site.phase("vm4"), "cloned", "the new one knows its VM")
    site.write("go-vm4", "")
    site.await_job(job, "COMPLETED")
    check_start(site, job, ["vm4"], "and releases the prolog")
    site.await_clean()


def test_mixed(site):
    """srun, sbatch, an array and a wide job at once."""
    before = len(site.lives())
    sruns = [subprocess.Popen(
        ["srun", "-N1", "--output=" + site.path("job-%j.out"), "sh", "-c",
         labsclone.BEGAN], env=site.env, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
             for _ in range(3)]
    jobs = [site.sbatch("--wrap=" + labsclone.BEGAN) for _ in range(3)]
    site.sbatch("--array=1-3", "--wrap=" + labsclone.BEGAN)
    wide = site.sbatch("-N6", "--wrap=srun sh -c '%s'" % labsclone.BEGAN)
    for child in sruns:
        said = child.communicate(timeout=2 * labslurm.BOUND)[1].decode()
        if not tap.equal(child.returncode, 0, "an srun succeeds"):
            tap.diag(said)
    site.await_no_jobs(2 * labslurm.BOUND)
    site.await_clean()
    tenants = site.tenants()[before:]
    tap.equal([len(jobs) for jobs in tenants], [1] * len(tenants),
              "each VM had one job")
    tap.equal((len(tenants), tenants.count([wide])), (3 + 3 + 3 + 6, 6),
              "each job had its VMs")
    for job in jobs + [wide]:
        check_start(site, job, [], "a batch job among others")


def test_reconfigured(site):
    """Neither slurmctld nor scloned loses a waiting prolog by re-reading."""
    os.unlink(site.path("go-vm4"))
    job = site.sbatch("-w", "vm4", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm4") == "cloned", "the clone")
    for _ in range(5):
        site.scontrol("reconfigure")
    site.children["scloned"].send_signal(signal.SIGHUP)
    labslurm.await_(lambda: "read again" in site.tail("scloned.out", 1000),
                    "scloned to read its configuration")
    site.write("go-vm4", "")
    site.await_job(job, "COMPLETED")
    check_start(site, job, ["vm4"],
                "reconfigured while it waited: released all the same")
    site.await_clean()


with Site(nodes=6, sources=2, mode="slow", lanes=3) as lab:
    for name in lab.nodes:
        lab.write("go-" + name, "")
    lab.start()
    test_batch(lab)
    test_slow_node(lab)
    test_daemon_restarts(lab)
    test_reconfigured(lab)
    test_mixed(lab)
sys.exit(tap.done())
