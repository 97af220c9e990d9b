#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The front ends as slurmctld starts them, against a fake scloned."""
import ctypes
import errno
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "lib"))
import tap  # noqa: E402

programs = os.path.join(os.environ["top_builddir"], "src/plugins/power_save")
BOUND = 20  # seconds; no wait here is longer
TICK = 1000000 // os.sysconf("SC_CLK_TCK")  # us; when a process was started


class Place:
    """A directory with a spool, a configuration and a listening socket."""

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.dir = self.tmp.name
        self.spool = self.path("spool")
        self.socket = self.path("sock")
        os.mkdir(self.spool)
        self.listener = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen(8)
        self.listener.settimeout(BOUND)

    def take(self):
        """The next connection and the line that came over it."""
        client, _ = self.listener.accept()
        client.settimeout(BOUND)
        text = b""
        while not text.endswith(b"\n"):
            chunk = client.recv(65536)
            if not chunk:
                break
            text += chunk
        return client, json.loads(text) if text else None

    def nobody(self):
        """True when no connection waits."""
        self.listener.setblocking(False)
        try:
            self.listener.accept()
            return False
        except BlockingIOError:
            return True
        finally:
            self.listener.settimeout(BOUND)

    def requests(self):
        found = []
        for name in sorted(os.listdir(self.spool)):
            with open(os.path.join(self.spool, name), "rb") as file:
                found.append(json.loads(file.read()))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.listener:
            self.listener.close()
        self.tmp.cleanup()


def start(program, *args, env=None, preexec=None):
    return subprocess.Popen([os.path.join(programs, program)] + list(args),
                            env=env or {}, preexec_fn=preexec,
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(child):
    try:
        out, err = child.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        return None, out.decode(), err.decode()
    return child.returncode, out.decode(), err.decode()


def run(place, program, *args, **more):
    return finish(start(program, "--spool", place.spool, "--socket",
                        place.socket, *args, **more))


def hostile_start():
    """As slurmctld 22.05 does it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    for fd in range(3):
        os.close(fd)


def tiny_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))


def test_resume():
    text = '{"jobs":[{"job_id":7,"nodes":"vm[1-3]"}],"all_nodes":"vm[1-3]"}'
    with Place() as place:
        place.listen()
        env = {"SLURM_RESUME_FILE": place.write("resume.json", text),
               "SLURM_CONF": "/nowhere"}
        before = time.time_ns() // 1000
        status, _, _ = run(place, "sclone-resume", "vm[1-3]", env=env,
                           preexec=hostile_start)
        tap.equal(status, 0, "closed descriptors, blocked signals: exit 0")
        found = place.requests()
        tap.equal(len(found), 1, "one request is spooled")
        request = found[0]
        tap.equal(request["kind"], "resume", "its kind")
        tap.equal(request["nodes"], "vm[1-3]", "its nodes")
        tap.equal(request["resume"], text, "slurmctld's JSON, untouched")
        tap.equal(request["argv"][-1], "vm[1-3]", "the raw arguments")
        tap.ok(before - TICK <= request["time"] <= time.time_ns() // 1000,
               "the time at which it was started")
        _, line = place.take()
        tap.equal(line, {"v": 1, "verb": "nudge"}, "and scloned is nudged")


def test_kinds():
    with Place() as place:
        for kind in "suspend", "resume-fail":
            status, _, _ = run(place, "sclone-" + kind, "vm1")
            tap.equal(status, 0, kind + " without scloned: exit 0")
        tap.equal([r["kind"] for r in place.requests()],
                  ["suspend", "resume-fail"], "spooled in order")
        tap.ok("resume" not in place.requests()[0], "and no JSON is invented")


def test_arguments():
    many = "vm[%s]" % ",".join(str(n) for n in range(1, 2000, 2))
    cases = [
        (["vm1", "rocky9"], {}, "vm1", "rocky9", None),
        (["vm1"], {"SLURM_JOB_ID": "42"}, "vm1", None, 42),
        (["vm1"], {"SLURM_JOB_ID": "4x"}, "vm1", None, None),
        ([many], {}, many, None, None),
        (["--zone", "a", "vm1"], {}, "vm1", None, None),
        (["a", "b", "vm1"], {}, "vm1", None, None),
        (["a"] * 200 + ["vm1"], {}, "vm1", None, None),
    ]
    for args, env, nodes, features, job in cases:
        with Place() as place:
            status, _, _ = run(place, "sclone-resume", *args, env=env)
            found = place.requests()
            got = found[0] if found else {}
            tap.equal((status, got.get("nodes"), got.get("features"),
                       got.get("job")), (0, nodes, features, job),
                      "arguments %.40r" % args)
    with Place() as place:
        status, _, text = run(place, "sclone-resume")
        tap.equal(status, 1, "no node list: exit 1")
        tap.contains(text, "HOSTLIST", "and a usage")
        tap.equal(place.requests(), [], "and no request")


def test_resume_file():
    with Place() as place:
        env = {"SLURM_RESUME_FILE": place.path("none")}
        status, _, _ = run(place, "sclone-resume", "vm1", env=env)
        tap.equal(status, 0, "no resume file: exit 0")
        tap.contains(place.requests()[0]["note"], "none",
                     "the note says why there is no JSON")
    with Place() as place:
        env = {"SLURM_RESUME_FILE": place.write("big", "x" * (4 << 20) + "x")}
        status, _, _ = run(place, "sclone-resume", "vm1", env=env)
        tap.equal(status, 0, "too long a resume file: exit 0")
        request = place.requests()[0]
        tap.ok("resume" not in request and request["note"],
               "left out, with a note")
    with Place() as place:
        name = place.path("bytes")
        with open(name, "wb") as file:
            file.write(b'{"extra":"\xff\xfe"}')
        run(place, "sclone-resume", "vm1", env={"SLURM_RESUME_FILE": name})
        tap.equal(place.requests()[0]["resume"], '{"extra":"??"}',
                  "bytes that are no UTF-8 are replaced")


BUSY = b'{"v":1,"error":{"code":"BUSY","text":"later"}}\n'


def test_no_spool():
    def no_directory(place):
        os.rmdir(place.spool)
        place.write("spool", "a file")
        return {}

    def no_room(place):
        return {"preexec": tiny_files}

    for broken in no_directory, no_room:
        with Place() as place:
            more = broken(place)
            place.listen()
            child = start("sclone-resume", "--spool", place.spool, "--socket",
                          place.socket, "vm[1-2]", **more)
            client, line = place.take()
            tap.equal((line["verb"], line["request"]["nodes"]),
                      ("request", "vm[1-2]"), "no spool: over the socket")
            tap.equal(child.poll(), None, "which has to confirm it")
            client.sendall(b'{"v":1}\n')
            tap.equal(finish(child)[0], 0, "confirmed: exit 0")
        with Place() as place:
            more = broken(place)
            status, _, text = run(place, "sclone-resume", "vm[1-2]", **more)
            tap.equal(status, 1, "neither spool nor scloned: exit 1")
            tap.contains(text, "vm[1-2] is not handed over",
                         "and says what is lost")
            tap.contains(text, "connect to scloned", "and why")
        with Place() as place:
            more = broken(place)
            place.listen()
            child = start("sclone-resume", "--spool", place.spool, "--socket",
                          place.socket, "vm[1-2]", **more)
            client, line = place.take()
            client.sendall(b'{"v":1,"error":{"code":"AUTH","text":"no"}}\n')
            status, _, text = finish(child)
            tap.equal(status, 1, "scloned refuses it: exit 1")
            tap.contains(text, "no", "with scloned's reason")
        with Place() as place:
            more = broken(place)
            place.listen()
            child = start("sclone-resume", "--spool", place.spool, "--socket",
                          place.socket, "vm[1-2]", **more)
            for answer in BUSY, BUSY, b'{"v":1}\n':
                client, line = place.take()
                tap.equal(line["verb"], "request", "asked")
                client.sendall(answer)
                client.close()
            tap.equal(finish(child)[0], 0, "asked until scloned has time")


def test_claims():
    """sclone-suspend, and what prologs have noted of its nodes."""
    for more in {}, {"preexec": tiny_files}:
        with Place() as place:
            os.mkdir(os.path.join(place.spool, "claims"))
            for node in "vm1", "vm2":
                os.symlink("7.0", os.path.join(place.spool, "claims", node))
            past = time.time_ns() + 3 * TICK * 1000
            while time.time_ns() < past:
                pass
            status = run(place, "sclone-suspend", "vm1", **more)[0]
            tap.equal(status, 1 if more else 0, "a suspend")
            tap.equal(os.listdir(os.path.join(place.spool, "claims")),
                      ["vm2"], "handed over or not: the claim goes")


JOB = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "vm[1-2]"}


def conf(place, more=""):
    return place.write("sclone.conf", "ClusterName=c\n%s\n"
                       "NodeName=vm[001-010],vm2 Templates=t\n" % more)


def prolog(place, *args, env=None, preexec=None):
    return start("sclone-prolog", "--socket", place.socket, "--conf",
                 place.path("sclone.conf"), "--spool", place.spool, *args,
                 env=JOB if env is None else env, preexec=preexec)


def test_prolog_wait():
    with Place() as place:
        conf(place)
        place.listen()
        child = prolog(place, preexec=hostile_start)
        client, line = place.take()
        line.pop("since")
        tap.equal(line, {"v": 1, "verb": "wait", "job": 7,
                         "nodes": "vm[1-2]"}, "the job waits for its nodes")
        tap.equal(child.poll(), None, "as long as scloned has not answered")
        client.sendall(b'{"v":1}\n')
        tap.equal(finish(child)[0], 0, "answered: exit 0")
    with Place() as place:
        conf(place)
        place.listen()
        child = prolog(place)
        client, first = place.take()
        client.close()
        client, line = place.take()
        tap.equal(line, first, "scloned restarts: asked again, since when")
        client.sendall(b'{"v":1,"error":{"code":"REFUSED","text":"no"}}\n')
        tap.equal(finish(child)[0], 0, "an error of scloned's: exit 0")
    with Place() as place:
        conf(place)
        place.listen()
        child = prolog(place)
        place.take()[0].sendall(b'{"v":1,"refused":"why not"}\n')
        tap.equal(finish(child)[0], 1, "a job that must not start: exit 1")


OPTION = "SPANK__SLURM_SPANK_OPTION_sclone_template"


def test_prolog_template():
    """--template of a job whose features say so, or do not."""
    with Place() as place:
        conf(place)
        place.listen()
        for features, heard in (("u22", True), ("big&u22", True),
                                ("[u22*2]", True), (None, False),
                                ("big", False), ("u22x", False),
                                ("u22|r9", False)):
            env = dict(JOB, **{OPTION: "u22"})
            if features:
                env["SLURM_JOB_CONSTRAINTS"] = features
            child = prolog(place, env=env)
            client, line = place.take()
            tap.equal((line.get("features"), line["template"]),
                      (features, "u22"), "scloned is told of both")
            client.sendall(b'{"v":1,"error":{"code":"AUTH","text":"no"}}\n')
            tap.equal(finish(child)[0], 0 if heard else 1,
                      "without an answer: %s, %s" % (features, heard))
            child = prolog(place, env=env)
            place.take()[0].sendall(b'{"v":1}\n')
            tap.equal(finish(child)[0], 0, "with one: exit 0")


def test_prolog_leaves():
    with Place() as place:
        conf(place)
        place.listen()
        env = dict(JOB, SLURM_JOB_NODELIST="node[1-9]")
        tap.equal(finish(prolog(place, env=env))[0], 0,
                  "a job without our nodes: exit 0")
        tap.ok(place.nobody(), "without asking scloned")
        tap.equal(finish(prolog(place, env={}))[0], 0, "no job: exit 0")
        tap.ok(place.nobody(), "without asking scloned")
        child = prolog(place, "--timeout", "1s")
        held = place.take()
        tap.equal(finish(child)[0], 0, "past the time limit: exit 0")
        tap.ok(place.nobody(), "without asking once more")
        held[0].close()
        child = prolog(place)
        held = place.take()
        child.terminate()
        tap.equal(finish(child)[0], 0, "SIGTERM while waiting: exit 0")
        held[0].close()
    with Place() as place:
        conf(place)
        tap.equal(finish(prolog(place, "--patience", "1s"))[0], 0,
                  "scloned does not come back: exit 0")
    with Place() as place:
        place.listen()
        child = prolog(place)
        client, line = place.take()
        tap.equal(line["verb"], "wait", "no configuration: scloned decides")
        client.sendall(b'{"v":1}\n')
        tap.equal(finish(child)[0], 0, "exit 0")


def test_prolog_chain():
    with Place() as place:
        script = place.write("chained", '#!/bin/sh\necho "$SLURM_JOB_ID" > '
                             + place.path("ran") + "\nexit 7\n", 0o755)
        conf(place, "ChainPrologSlurmctld=" + script)
        place.listen()
        tap.equal(finish(prolog(place))[0], 7,
                  "a failing chained program: its status")
        tap.ok(place.nobody(), "and nothing to wait for")
        with open(place.path("ran")) as file:
            tap.equal(file.read(), "7\n", "it had the job's environment")
        good = place.write("good", "#!/bin/sh\nexit 0\n", 0o755)
        child = prolog(place, "--chain", good)
        client, line = place.take()
        tap.equal(line["verb"], "wait", "--chain goes before the file's")
        client.sendall(b'{"v":1}\n')
        tap.equal(finish(child)[0], 0, "chained and waited: exit 0")
        env = dict(JOB, SLURM_JOB_NODELIST="node1")
        tap.equal(finish(prolog(place, env=env))[0], 7,
                  "it runs for other jobs too")
    with Place() as place:
        conf(place, "ChainPrologSlurmctld=/no/such/program")
        tap.equal(finish(prolog(place, "--patience", "0"))[0], 0,
                  "a missing chained program harms no job")
    with Place() as place:
        script = place.write("slow", "#!/bin/sh\ntrap 'exit 9' TERM\necho > "
                             + place.path("up") + "\nwhile :; do sleep 0.05; "
                             "done\n", 0o755)
        conf(place, "ChainPrologSlurmctld=" + script)
        child = prolog(place)
        end = time.monotonic() + BOUND
        while not os.path.exists(place.path("up")):
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        child.terminate()
        tap.equal(finish(child)[0], 9, "SIGTERM is passed on to it")


def test_prolog_chain_kept():
    """The site's own checks, whatever state sclone.conf is in."""
    def ends(what, want):
        tap.equal(finish(prolog(place, "--patience", "0"))[0], want, what)
    with Place() as place:
        link = os.path.join(place.spool, "prolog-chain")
        seven, eight = (place.write("exit%d" % n, "#!/bin/sh\nexit %d\n" % n,
                                    0o755) for n in (7, 8))
        chain = "ChainPrologSlurmctld="
        whole = "ClusterName=c\nNodeName=vm[9-\n" + chain + seven
        place.write("sclone.conf", whole + "\n")
        ends("a bad range before its line: it is run", 7)
        tap.equal(os.readlink(link), seven, "and noted in the spool")
        before = os.lstat(link).st_ino
        ends("once more", 7)
        tap.equal(os.lstat(link).st_ino, before, "which is written once")
        for what, text in (("an open quote", 'ClusterName="c\n'),
                           ("no text", ""), ("a part", "ClusterName=c\n"),
                           ("a part of it", whole[:-3]),
                           ("another order", chain + eight)):
            place.write("sclone.conf", text)
            ends("a file with %s: the last one" % what, 7)
        os.unlink(place.path("sclone.conf"))
        ends("no file: the last one", 7)
        conf(place, chain + eight)
        ends("a new one: that", 8)
        os.unlink(place.path("sclone.conf"))
        ends("also without a file", 8)
        conf(place)
        ends("it is taken out: none", 0)
        tap.equal([name for name in os.listdir(place.spool)
                   if "chain" in name], [], "and nothing is left of it")
        os.unlink(place.path("sclone.conf"))
        ends("nor without a file", 0)
        os.mkdir(link)
        ends("nor where it cannot be read", 0)
        conf(place, chain + seven)
        ends("what cannot be noted is run", 7)


def no_fork():
    """fork() fails with EAGAIN from now on (seccomp(2))."""
    calls = {"x86_64": (56, 57, 58, 435), "aarch64": (220, 435)}
    code = [(0x20, 0, 0, 0)]            # the call's number
    for number in calls[os.uname().machine]:
        code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno.EAGAIN)]
    code += [(0x06, 0, 0, 0x7fff0000)]  # all others may
    text = b"".join(struct.pack("HBBI", *line) for line in code)
    lines = ctypes.create_string_buffer(text)
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(lines))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program):
        raise OSError(ctypes.get_errno(), "prctl")


def test_prolog_chain_not_run():
    with Place() as place:
        good = place.write("good", "#!/bin/sh\nexit 0\n", 0o755)
        conf(place)
        # The sanitizer's look for leaks forks as well.
        env = dict(JOB, SLURM_JOB_NODELIST="node1",
                   ASAN_OPTIONS="detect_leaks=0")
        tap.equal(finish(prolog(place, env=env, preexec=no_fork))[0], 0,
                  "no fork, and no chained program: exit 0")
        tap.equal(finish(prolog(place, "--chain", good, env=env,
                                preexec=no_fork))[0], 1,
                  "one that cannot be started: the job does not")


def test_linkage():
    for name in sorted(os.listdir(programs)):
        if not name.startswith("sclone-"):
            continue
        done = subprocess.run(["ldd", os.path.join(programs, name)],
                              stdout=subprocess.PIPE, timeout=BOUND)
        text = done.stdout.decode()
        tap.ok("libc.so" in text and "libslurm" not in text
               and "libsystemd" not in text and "libcurl" not in text,
               name + " links little")


def test_asked():
    for name in "sclone-resume", "sclone-prolog":
        status, out, _ = finish(start(name, "--version"))
        tap.equal(status, 0, name + " --version: exit 0")
        tap.contains(out, name + " ", "names itself")


test_resume()
test_kinds()
test_arguments()
test_resume_file()
test_no_spool()
test_claims()
test_prolog_wait()
test_prolog_template()
test_prolog_leaves()
test_prolog_chain()
test_prolog_chain_kept()
test_prolog_chain_not_run()
test_linkage()
test_asked()
sys.exit(tap.done())
