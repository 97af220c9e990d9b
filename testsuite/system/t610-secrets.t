#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The password, the key and the session's cookie stay where they belong: they
are in no log, no argument, no environment, no file that scloned writes, no
guest, no record, no answer and no core dump."""
import glob
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

PASSWORD = b"open sesame"
KEY = b"0123456789abcdef" * 4
COOKIE = re.compile(rb'vmware_soap_session="?([0-9a-f-]{20,})')
OURS = ("sclone.password", "sclone.key", "inventory.json")


class Watch(threading.Thread):
    """Arguments and environments of the site's processes, all the time."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.mark = site.dir.encode()
        self.seen = {}  # text -> who
        self.looks = 0
        self.over = threading.Event()

    def look(self):
        for place in glob.glob("/proc/[0-9]*"):
            text = b""
            for name in "/cmdline", "/environ":
                try:
                    with open(place + name, "rb") as file:
                        text += file.read() + b"\n"
                except OSError:
                    pass
            if self.mark in text:
                self.seen.setdefault(text, place)
        self.looks += 1

    def run(self):
        while not self.over.wait(0.01):
            self.look()


def memory_of(pid):
    """What is in a process's memory, piece by piece."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            where, mode = line.split()[:2]
            start, end = (int(part, 16) for part in where.split("-"))
            if not mode.startswith("rw") or end - start > 1 << 28:
                continue
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except OSError:
                pass


def cookies(pid):
    """The session cookies that scloned holds."""
    return {found for piece in memory_of(pid)
            for found in COOKIE.findall(piece)}


def files(site):
    """All that scloned, its programs, Slurm and the lab have written."""
    for top, _, names in os.walk(site.dir):
        for name in names:
            path = os.path.join(top, name)
            if os.path.islink(path):
                yield path, os.fsencode(os.readlink(path))
            if name in OURS or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                yield path, file.read()


def answers(site, job):
    """What users and admins are told."""
    for args in (("status",), ("--json", "status"), ("history",),
                 ("--json", "history"), ("receipt", "show"), ("why", "vm1")):
        yield " ".join(args), site.sclone(*args, check=False)[1].encode()
    yield "check", site.check()[1].encode()
    site.sclone("snapshot", site.path("snapshot.json"))
    with open(site.path("snapshot.json"), "rb") as file:
        yield "snapshot", file.read()
    for what in ("job", str(job)), ("node", "vm1"):
        yield " ".join(what), site.scontrol("show", *what,
                                            check=False).encode()


def requests(site):
    """Requests in the spool, while nobody takes them."""
    site.end("scloned")
    job = site.sbatch("--wrap=true")
    labslurm.await_(lambda: glob.glob(site.path("spool/*.json")), "a request")
    found = list(files(site))
    site.start_scloned()
    site.await_job(job, "COMPLETED")
    site.await_clean()
    return found


def is_seen(watch, program):
    return any(program in text for text in list(watch.seen))


def await_sight(site, watch, program):
    """Jobs until the program, which takes milliseconds, was caught at it."""
    for _ in range(30):
        if is_seen(watch, program):
            return
        site.await_job(site.sbatch("--wrap=true"), "COMPLETED")
        site.await_clean()


def free_to_dump():
    resource.setrlimit(resource.RLIMIT_CORE,
                       (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def dumps_core(site, command):
    """Whether it leaves a core when it is aborted."""
    child = subprocess.Popen(command, cwd=site.path("cores"), env=dict(
        site.env, ASAN_OPTIONS=site.options + ":disable_coredump=0"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, preexec_fn=free_to_dump)
    if "scloned" in command[0]:
        labslurm.await_(site.is_serving, "scloned")
    else:
        labslurm.await_(lambda: os.readlink("/proc/%d/exe" % child.pid)
                        .endswith("sleep"), "the program")
    os.kill(child.pid, signal.SIGABRT)
    status = os.waitpid(child.pid, 0)[1]
    child.returncode = status
    return os.WCOREDUMP(status)


def test_core(site):
    """Last: it ends scloned."""
    os.mkdir(site.path("cores"))
    site.end("scloned")
    tap.ok(dumps_core(site, ["/bin/sleep", "1000"]),
           "here, a program that aborts leaves a core")
    tap.ok(not dumps_core(site, [
        labslurm.program("scloned"), "--config", site.path("sclone.conf"),
        "--slurm-helper", labsclone.build_path(
            "src/scloned-slurm/scloned-slurm")]), "scloned does not")


def trouble(site):
    """What makes scloned talk: a refused login, a lost session, an error."""
    # Before it is asked for again, which it may be at any moment then.
    site.write("sclone.password", "open barley\n", 0o600)
    site.fault("expire_session")
    site.fault("fault", method="InstantClone_Task")
    job = site.sbatch("--wrap=true")
    labslurm.await_(lambda: site.witness("login_failed"), "a refused login")
    site.write("sclone.password", PASSWORD.decode() + "\n", 0o600)
    site.await_job(job, "COMPLETED")
    site.await_clean()


labslurm.require()
with labsclone.Site(nodes=2) as site_:
    watch = Watch(site_)
    watch.start()
    site_.start()
    pid_ = site_.children["scloned"].pid
    secrets = cookies(pid_)
    tap.ok(secrets, "scloned has a session")
    tap.ok(not any(PASSWORD in piece for piece in memory_of(pid_)),
           "and has forgotten the password")
    job_ = site_.sbatch("--wrap=true")
    site_.await_job(job_, "COMPLETED")
    site_.await_clean()
    trouble(site_)
    secrets |= cookies(pid_)
    tap.ok(len(secrets) >= 2, "it had to log in again")
    found_ = requests(site_)
    secrets |= cookies(site_.children["scloned"].pid) | {PASSWORD, KEY}
    found_ += list(files(site_)) + list(answers(site_, job_))
    await_sight(site_, watch, b"sclone-resume")
    watch.over.set()
    watch.join()
    names = [name for name, _ in found_]
    for part in ("scloned.out", "journal/journal.db", "spool/", "witness.log",
                 "slurmctld.log"):
        tap.ok(any(part in name for name in names), "looked at: " + part)
    tap.ok(watch.looks > 10 and is_seen(watch, b"sclone-resume"),
           "and at the programs while they ran")
    tap.equal([name for name, text in found_
               for secret in secrets if secret in text], [],
              "no secret in any file or answer")
    tap.equal([who for text, who in watch.seen.items()
               for secret in secrets if secret in text], [],
              "no secret among arguments and environments")
    test_core(site_)
sys.exit(tap.done())
