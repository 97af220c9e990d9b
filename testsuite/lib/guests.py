# SPDX-License-Identifier: GPL-2.0-or-later
"""Real machines for Python tests, through vclab's guestlab: every wait has
a limit, and nothing outlives the test."""
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import tap

BUILD = os.environ.get("top_builddir", os.getcwd())
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIMIT = 180  # seconds; machines are emulated and may share their core
ALONE_LIMIT = 900
KEY = "guestinfo.sclone"
STATE = KEY + ".state"
TEMPLATE = KEY + ".template"


_alone = None


def build_path(name):
    return os.path.join(BUILD, name)


def be_alone():
    """Wait until no other test of this build has machines, and keep others
    waiting until this program ends: they would share too little processor."""
    global _alone
    if _alone is not None:
        return
    _alone = os.open(build_path("machines.lock"), os.O_RDWR | os.O_CREAT,
                     0o644)
    os.set_inheritable(_alone, True)  # a program may exec itself
    deadline = time.monotonic() + ALONE_LIMIT
    while True:
        try:
            fcntl.flock(_alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                tap.bail_out("other tests keep machines")
            time.sleep(0.2)


def make_image(*options):
    """Build or find an image; its directory."""
    be_alone()
    run = subprocess.run(
        [os.path.join(SOURCE, "testsuite/lib/mkimage"),
         "--guest", build_path("src/guest/sclone-guest"),
         "--rpctool", build_path("testsuite/vclab/rpctool"), *options],
        stdout=subprocess.PIPE, timeout=600, text=True, check=False)
    if run.returncode != 0:
        tap.bail_out("mkimage failed")
    return run.stdout.splitlines()[-1]


def identity(node, **changes):
    """The line a controller would write for this node, now."""
    now = int(time.time() * 1e6)
    value = {
        "v": 1, "cluster": "lab", "node": node, "epoch": now,
        "template": "t", "addr": "10.0.2.15/24", "gw": "10.0.2.2",
        "dns": ["10.0.2.3"], "mtu": 1400, "time": now,
        "not_after": now + 600 * 1000000, "seed": os.urandom(32).hex(),
    }
    value.update(changes)
    return json.dumps({k: v for k, v in value.items() if v is not None})


class Lab:
    """A guestlab and what its guests have reported."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="guestlab.")
        self.process = subprocess.Popen(
            [build_path("testsuite/vclab/guestlab"), self.dir],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seen = []
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, vm, name):
        return os.path.join(self.dir, vm, name)

    def _read(self, deadline):
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    max(left, 0))
        if not ready:
            return False
        chunk = os.read(self.process.stdout.fileno(), 65536)
        if not chunk:
            return False
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            report = json.loads(line)
            report["at"] = time.monotonic()
            self.seen.append(report)
        return True

    def wait(self, vm, event, key=None, skip=0):
        """The first such report after the first skip ones in self.seen;
        None when the limit passed."""
        deadline = time.monotonic() + LIMIT
        while True:
            for report in self.seen[skip:]:
                if report["vm"] == vm and report["event"] == event and (
                        key is None or report.get("key") == key):
                    return report
            if not self._read(deadline):
                tap.diag("no %s of %s; seen: %s" % (
                    event, vm, [(r["vm"], r["event"], r.get("key"),
                                 r.get("text")) for r in self.seen[skip:]]))
                self.show_console(vm)
                return None

    def show_console(self, vm):
        try:
            with open(self.path(vm, "console.log"), errors="replace") as f:
                for line in f.readlines()[-10:]:
                    tap.diag("%s: %s" % (vm, line.rstrip()))
        except OSError:
            pass

    def do(self, verb, **more):
        """Send a request; its place in self.seen, or None if refused."""
        at = len(self.seen)
        self.process.stdin.write(
            json.dumps(dict(more, do=verb)).encode() + b"\n")
        self.process.stdin.flush()
        vm = more.get("vm", "")
        deadline = time.monotonic() + LIMIT
        while True:
            for report in self.seen[at:]:
                if report["vm"] == vm and report.get("key") == verb:
                    if report["event"] == "done":
                        return at
                    if report["event"] == "refused":
                        tap.diag("%s: %s" % (verb, report["text"]))
                        return None
            if not self._read(deadline):
                tap.bail_out("guestlab does not answer")

    def source(self, name, image, **params):
        """Boot a source and wait until it is frozen."""
        self.do("create", vm=name, params=dict(params, image=image))
        at = self.do("power_on", vm=name)
        report = self.wait(name, "frozen", skip=at)
        return report is not None and "text" not in report

    def clone(self, name, parent, text):
        """Fork a clone that finds this identity; where its reports start."""
        self.do("create", vm=name, parent=parent)
        if text is not None:
            self.do("set", vm=name, key=KEY, value=text)
        return self.do("clone", vm=name)

    def state(self, name):
        """What the clone reported about itself, or {}."""
        report = self.wait(name, "set", STATE)
        return json.loads(report["text"]) if report else {}
