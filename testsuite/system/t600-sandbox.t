#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned in its unit's sandbox, with a SlurmUser that is not root: jobs run,
and who may ask for what is decided verb by verb."""
import json
import os
import pwd
import re
import signal
import socket
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import labsystemd  # noqa: E402
import tap  # noqa: E402

READS = ("status", "history", "receipts", "reconcile", "why", "templates")
ASK = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.settimeout(100)
sock.connect(sys.argv[1])
sock.sendall(sys.argv[2].encode() + b"\\n")
print(sock.makefile().readline())
"""


def verbs():
    """Every verb that scloned has, from its own table."""
    base = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                        "src")
    with open(base + "/common/ipc/verbs.h") as file:
        names = dict(re.findall(r'#define (VERB_\w+) "(\w+)"', file.read()))
    with open(base + "/scloned/answers.c") as file:
        rows = re.findall(r'\{ (VERB_\w+|"\w+"), (?:true|false), ',
                          file.read())
    return [names.get(row, row.strip('"')) for row in rows]


def ask(site, user, verb, **more):
    """The code of the error that a user gets, or None."""
    text = json.dumps(dict({"v": 1, "verb": verb, "nodes": "vm2"}, **more))
    line = site.run(*labsystemd.as_user(
        user, "/usr/bin/python3", "-c", ASK, site.path("sclone.sock"),
        text))[1]
    return json.loads(line).get("error", {}).get("code")


def test_sandbox(site):
    status = site.status_of_process()
    tap.equal((status["NoNewPrivs"], status["Seccomp"], status["CapBnd"]),
              ("1", "2", "0" * 16),
              "scloned: no new privileges, a filter, no capability")
    tap.equal(os.stat("/proc/%d/mem" % site.pid()).st_uid, 0,
              "it cannot be dumped or traced by its own user")
    with open("/proc/%d/limits" % site.pid()) as file:
        core = next(line for line in file if "core file" in line)
    tap.equal(core.split()[4:6], ["0", "0"], "and leaves no core")
    tap.equal(sorted(name for name in os.listdir(site.path("journal"))
                     if os.stat(site.path("journal/" + name)).st_mode & 0o77),
              [], "nobody else can read its journal")


def test_job(site):
    job = site.sbatch("--wrap=true", "-p", "all", "-w", "other1")
    path = site.path("told")
    labslurm.await_(lambda: os.path.exists(path), "the chained program")
    with open(path) as file:
        tap.equal([one["job_id"] for one in json.load(file)["jobs"]], [job],
                  "a chained program, and what it starts, reads the jobs")
    site.run("scancel", str(job))
    job = site.sbatch("--wrap=true")
    site.await_job(job, "COMPLETED")
    tap.ok(True, "a job runs on a clone")
    site.await_clean()
    tap.equal(len(site.history(str(job))), 1, "which is gone")


def test_verbs(site):
    mine = verbs()
    tap.ok(len(mine) >= 11 and set(READS) < set(mine), "the verbs are known")
    for verb in mine:
        code = ask(site, "nobody", verb)
        if verb in READS:
            tap.ok(code != "AUTH", "nobody may ask: " + verb)
        else:
            tap.equal(code, "AUTH", "nobody may not: " + verb)
    for mode in "now", "apply":
        tap.equal(ask(site, "nobody", "reconcile", mode=mode), "AUTH",
                  "nobody may not reconcile: " + mode)
    tap.equal(site.status()["daemon"]["paused"], False, "nothing has come of "
              "it")
    for verb in ("pause", "unpause", "hold", "unhold", "reload", "nudge"):
        tap.equal(ask(site, labsystemd.USER, verb), None,
                  "SlurmUser may: " + verb)
    tap.equal(site.sclone("pause")[0], 0, "and root may")
    tap.equal(site.status()["daemon"]["paused"], True, "which has effect")
    site.sclone("unpause")


def test_spool(site):
    code, _ = site.run(*labsystemd.as_user(
        "nobody", "sh", "-c", "echo x >%s" % site.path("spool/x")),
        check=False)
    tap.ok(code != 0, "nobody cannot put requests into the spool")
    code, _ = site.run(*labsystemd.as_user(
        "nobody", "cat", site.path("sclone.key")), check=False)
    tap.ok(code != 0, "nor read the key")
    user = pwd.getpwnam(labsystemd.USER)
    root = "/proc/%d/root" % site.pid()
    for path, group, mode in (("/var/spool/sclone", 0, 0o700),
                              ("/run/sclone", user.pw_gid, 0o755),
                              ("/var/lib/sclone", user.pw_gid, 0o700)):
        found = os.stat(root + path)
        tap.equal((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)),
                  (user.pw_uid, group, mode),
                  "the unit makes %s for its User=" % path)


def test_end(site):
    """It dies while a chained program runs, which waits for a word."""
    scloned, helpers = site.pid(), site.pids("scloned-slurm")
    os.kill(scloned, signal.SIGKILL)
    labslurm.await_(lambda: site.pids("scloned") not in ([], [scloned]),
                    "scloned to be started again")
    labslurm.await_(lambda: not set(helpers) & set(
        site.pids("scloned-slurm")), "its scloned-slurm to end")
    tap.equal(len(helpers), 1, "its scloned-slurm ends with scloned")
    try:
        fd = os.open(site.path("word"), os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:  # nobody reads
        tap.equal(str(error), "", "a chained program runs on")
        return
    os.write(fd, b"go on\n")
    os.close(fd)
    labslurm.await_(lambda: os.path.getsize(site.path("answer")),
                    "the chained program to answer")
    tap.ok(True, "a chained program runs on")


class Site(labsystemd.Site):
    """With a node of the site's own program, which waits for a word."""

    def __init__(self):
        super().__init__(nodes=2)
        self.add_other()
        told = self.path("told")
        os.mkfifo(self.path("word"))
        self.give(self.path("word"))
        self.config["ChainResumeProgram"] = self.script(
            "chained", 'sh -c \'cat "$SLURM_RESUME_FILE"\' >%s.new &&\n'
            # The place itself goes with the unit's private /tmp.
            'mv %s.new %s\nexec >%s; read -r word <%s; echo "$word"\n' % (
                told, told, told, self.path("answer"), self.path("word")))


labsystemd.require()
with Site() as site_:
    site_.start()
    test_sandbox(site_)
    test_job(site_)
    test_verbs(site_)
    test_spool(site_)
    test_end(site_)
sys.exit(tap.done())
