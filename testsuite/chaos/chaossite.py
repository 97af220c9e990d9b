# SPDX-License-Identifier: GPL-2.0-or-later
"""A site for chaos: the real scloned under the shim, vclab with sim guests,
and a node table in slurmctld's place. scloned is started again whenever it
dies; when all is over, the auditor judges by what the others have seen.
"""
import ctypes
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

import labsclone  # noqa: E402
import labslurm  # noqa: E402
import nodetable  # noqa: E402
import receipts  # noqa: E402
import tap  # noqa: E402

BOUND = 120  # seconds; for what comes at once, on a machine that is very busy
SPEED = 10  # scloned's clocks run that much faster
STEP = 0.004
AUDITOR = os.path.join(HERE, "auditor")
FOREIGN = "database"  # somebody else's VM in the clone folder

SYNC, NAME, CALL, TELL, WRITE = 1, 2, 4, 8, 16
POINTS = SYNC | NAME | CALL | TELL


class Control(ctypes.Structure):
    """shim.c's struct control."""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "base_mono", "base_wall", "speed", "jump", "leap", "classes",
        "after", "target", "count", "bad_classes", "bad_errno", "bad_from",
        "bad_times", "bad_count", "stall", "trace")] + [
            ("name", ctypes.c_char * 96), ("word", ctypes.c_char * 96)]


def built(name):
    return os.path.join(labslurm.BUILD, "testsuite/chaos", name)


class Site(labsclone.Site):
    """One private site; `with Site() as site: site.start()`."""

    scloned = None  # another scloned to be tried

    def __init__(self, nodes=3, speed=SPEED, **more):
        super().__init__(nodes=nodes, **more)
        self.config = {"Attempts": 2, "LogLevel": "debug"}
        self.sim = {"kind": "sim", "ready_ms": 0}
        self.write("slurm.conf", "")
        self.kills = 0
        self.stays_dead = False
        self.table = None
        self.control = self.make_control(speed)

    def make_control(self, speed):
        path = self.write("control", "\0" * mmap.PAGESIZE)
        with open(path, "r+b") as file:
            page = mmap.mmap(file.fileno(), 0)
        control = Control.from_buffer(page)
        control.base_mono = time.monotonic_ns()
        control.base_wall = time.time_ns()
        control.speed = speed
        self.env.update(CHAOS_CONTROL=path)
        return control

    def _guest(self, source):
        return self.sim

    def inventory(self):
        """The account may do all, so that nothing but scloned's own care
        protects the others' machines, of which one is in the folder."""
        inventory = super().inventory()
        inventory["users"][0]["permissions"] = [
            {"role": "Administrator", "path": "/"}]
        for source in inventory["sources"]:
            source["disk_mb"] = 1
        inventory["sources"].append({
            "name": FOREIGN, "folder": labsclone.FOLDER, "host": "esx01",
            "datastore": "ds1", "disk_mb": 1, "frozen": False,
            "guest": {"kind": "sim", "mode": "dead"}})
        return inventory

    # Without TLS, so that the shim can read what is sent.

    def start_vclab(self):
        self.write("inventory.json", json.dumps(self.inventory()))
        child = self.spawn("vclab", [
            labsclone.build_path("testsuite/vclab/vclab"), "--plain",
            "--inventory", self.path("inventory.json"),
            "--listen", "127.0.0.1:0", "--state", self.path("lab")])
        line = labslurm.await_(lambda: child.poll() is not None or
                               self._listening(), "vclab to listen")
        if line is True:
            raise labslurm.Late("vclab ended: " + self.tail("vclab.out"))
        self.vc_port = int(line[1])
        self.config["VCenter"] = "http://127.0.0.1:%d/sdk" % self.vc_port
        self.config["CACert"] = None

    def lab(self, path, **body):
        request = labsclone.urllib.request.Request(
            "http://127.0.0.1:%d/lab/%s" % (self.vc_port, path),
            data=json.dumps(body).encode() if body else None)
        with labsclone.urllib.request.urlopen(
                request, timeout=labslurm.CALL_BOUND) as reply:
            return json.loads(reply.read().decode())

    # scloned

    def shimmed(self):
        options = self.options + ":verify_asan_link_order=0"
        return dict(self.env, LD_PRELOAD=built("shim.so"),
                    CHAOS_TRACE=self.path("points.log"),
                    ASAN_OPTIONS=options)

    def start_scloned(self, wait=True):
        self.table.log("scloned", what="started")
        self.spawn("scloned", [
            self.scloned or labslurm.program("scloned"), "--config",
            self.path("sclone.conf"), "--slurm-helper", built("relay")],
            env=self.shimmed())
        if wait:
            self.wait(self.is_serving, "scloned to serve")

    def status(self):
        """What `sclone status` would be told, None when nobody tells."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(labslurm.CALL_BOUND)
            try:
                peer.connect(self.path("sclone.sock"))
                peer.sendall(b'{"v":1,"verb":"status"}\n')
                line = peer.makefile("rb").readline()
            except OSError:
                return None
        return json.loads(line) if line else None

    def is_serving(self):
        status = self.status()
        return (status and status["daemon"]["vcenter"]["state"] == "up" and
                status["daemon"]["slurm"]["state"] == "up" and
                all(source["state"] == "frozen"
                    for source in status["sources"]))

    def heal(self):
        """Start scloned if it does not run."""
        child = self.children.get("scloned")
        if self.stays_dead or (child and child.poll() is None):
            return
        if child:
            self.buried(child.returncode)
        self.start_scloned(wait=False)

    def buried(self, status):
        del self.children["scloned"]
        self.kills += 1
        killed = status == -signal.SIGKILL
        self.has_gone("killed" if killed else "died", status)

    def has_gone(self, what, status):
        self.table.log("scloned", what=what, status=status,
                       said=self.tail("scloned.out", 3))

    def kill_scloned(self):
        """From outside, at no special point."""
        child = self.children["scloned"]
        child.kill()
        child.wait()
        self.buried(child.returncode)

    def end_scloned(self):
        """As systemd does it; only when it serves it can end well."""
        self.wait(self.is_serving, "scloned to serve")
        child = self.children["scloned"]
        child.terminate()
        try:
            status = child.wait(BOUND)
        except subprocess.TimeoutExpired:
            status = None
        self.has_gone("died" if status else "ended", status)
        self.end("scloned")

    def die_at(self, number, after, classes=POINTS, word=""):
        """From now on; the number counts what is in these classes and has
        this word in its name."""
        control = self.control
        control.target = 0
        control.word = word.encode()
        control.classes = classes
        control.after = after
        control.count = 0
        control.target = number

    def is_dead(self):
        """The point was met: its name, or None."""
        return None if self.control.target else self.control.name.decode()

    def disk_fails(self, classes, errno=0, first=1, times=1, stall_ns=0):
        control = self.control
        control.bad_classes = 0
        control.bad_errno = errno
        control.bad_from = first
        control.bad_times = times
        control.bad_count = 0
        control.stall = stall_ns
        control.bad_classes = classes

    def leap(self, ns):
        """Both clocks of scloned's go forward at once."""
        self.control.leap += ns
        self.control.jump += ns

    def wait_leaping(self, condition, what, is_due=lambda folder: True):
        """wait(), and whenever scloned has looked through the clone folder,
        and has found it so that time is due, a minute goes by at once.
        Whatever is under way then takes too long."""
        looked = [None]

        def is_done():
            status = self.status()
            folder = status and status["daemon"].get("folder")
            if condition():
                return True
            if folder and not folder.get("error") and is_due(folder) and \
                    folder["at"] != looked[0]:
                looked[0] = folder["at"]
                self.leap(65 * 10 ** 9)
            return False

        self.wait(is_done, what)

    def wait(self, condition, what, bound=BOUND, heal=True):
        """Until the condition holds; scloned is kept alive meanwhile."""
        end = time.monotonic() + bound
        while not condition():
            if heal:
                self.heal()
            if time.monotonic() > end:
                raise labslurm.Late("waited %d s for %s" % (bound, what))
            with self.table.changed:
                self.table.changed.wait(STEP)

    # The whole

    def run_program(self, kind, nodes, resume):
        name = {"resume": "sclone-resume", "suspend": "sclone-suspend",
                "resume_fail": "sclone-resume-fail"}[kind]
        env = self.shimmed()
        if resume:
            env["SLURM_RESUME_FILE"] = self.write("resume.json", resume)
        done = subprocess.run(
            [labslurm.program(name), "--spool", self.path("spool"),
             "--socket", self.path("sclone.sock"), nodes],
            env=env, timeout=labslurm.CALL_BOUND, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.table.log("program_ended", kind=kind, status=done.returncode,
                       text=done.stdout.decode(errors="replace"))

    def start(self):
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        self.write("first.json", json.dumps(self.lab("vms")))
        self.table = nodetable.NodeTable(
            self.dir, self.nodes, self.run_program,
            int(time.time()) - 3600)
        self.table.start()
        self.start_scloned()
        self.audit_begins()
        return self

    def audit_begins(self):
        labslurm.await_(lambda: len(self.witness("vm_frozen")) ==
                        len(self.sources), "frozen sources")
        subprocess.run([sys.executable, AUDITOR, "--begin", self.dir],
                       check=True, timeout=labslurm.CALL_BOUND)

    def size_of_log(self):
        return os.path.getsize(self.path("scloned.out"))

    def log_from(self, size):
        with open(self.path("scloned.out"), errors="replace") as file:
            file.seek(size)
            return file.read()

    def linger(self, seconds):
        """Let time pass, and scloned live."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, "time to pass")

    def await_settled(self, bound=BOUND):
        self.wait(self.table.is_settled, "all to settle", bound)

    def await_quiet(self):
        """Until scloned has done what it was about to do: it has seen the
        nodes anew and answers."""
        for _ in range(2):
            looks = self.table.looks
            self.wait(lambda: self.table.looks > looks and self.status(),
                      "scloned to look at the nodes")

    def audit(self):
        """End scloned, then have it judged: the auditor's findings."""
        self.end_scloned()
        self.write("final.json", json.dumps(self.lab("vms")))
        with self.table.changed:
            self.table.log("final", **self.table.dump())
        done = subprocess.run(
            [sys.executable, AUDITOR, self.dir], stdout=subprocess.PIPE,
            timeout=labslurm.CALL_BOUND)
        findings = done.stdout.decode().splitlines()
        assert (done.returncode == 0) == (not findings), done.returncode
        return findings + self.chain_problems()

    def chain_problems(self):
        """What is wrong with the records of destruction, which is for no
        auditor to read: what the log tells of must be in the chain, unless
        a journal was taken away."""
        with open(self.path("slurm.log")) as file:
            if any(json.loads(line)["event"] == "journal" for line in file):
                return []
        return list(receipts.problems(self.path("journal"),
                                      self.log_from(0)))

    def diagnose(self):
        for name in "slurm.log", "scloned.out":
            tap.diag(self.tail(name, 60))
        if self.table:
            tap.diag(json.dumps(self.table.dump()))

    def stop(self):
        if self.table:
            self.table.end()
        self.judge(self.complaints(), [], "no sanitizer complained")
        labslurm.Cluster.stop(self)
