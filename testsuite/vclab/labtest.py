# SPDX-License-Identifier: GPL-2.0-or-later
"""For tests in Python: a running vclab, a client of it, and TAP."""

import copy
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

HERE = os.path.dirname(os.path.abspath(__file__))
VCLAB = os.environ.get("VCLAB", "./vclab")
RPCTOOL = os.path.join(os.path.dirname(os.path.abspath(VCLAB)), "rpctool")
ADMIN = ("admin@vsphere.local", "admin")
SERVICE = ("svc-slurm@vsphere.local", "secret")
LIMIT_S = 55
CLONES = "/DC1/vm/slurm-clones"
SOURCE = "/DC1/vm/templates/rocky9-esx01"
RUNNING = "/DC1/vm/templates/running"
POOL = "/DC1/host/hpc/Resources/slurm"


def _too_late(*_):
    raise TimeoutError("the test takes too long")


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0
        signal.signal(signal.SIGALRM, _too_late)
        signal.alarm(LIMIT_S)

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, name),
              flush=True)
        return bool(good)

    def same(self, got, want, name):
        if not self.ok(got == want, name):
            print("#  got: %r\n# want: %r" % (got, want), flush=True)

    def raises(self, kind, call, name):
        """call() raises kind; the exception, or None."""
        try:
            got = call()
        except kind as error:
            self.ok(True, name)
            return error
        except Exception as error:  # another one than was asked for
            got = error
        self.ok(False, name)
        print("# no %s, but: %.300r" % (kind.__name__, got), flush=True)
        return None

    def done(self):
        print("1..%d" % self.count, flush=True)
        sys.exit(1 if self.failed else 0)


def example():
    with open(os.path.join(HERE, "example.json")) as file:
        return json.load(file)


class Lab:
    """A vclab of its own, in a directory of its own."""

    def __init__(self, inventory=None, plain=False):
        self.dir = tempfile.mkdtemp(prefix="vclab-")
        self.plain = plain
        self.clients = 0
        path = os.path.join(self.dir, "inventory.json")
        with open(path, "w") as file:
            json.dump(inventory or example(), file)
        args = [VCLAB, "--inventory", path, "--state", self.dir]
        self.process = subprocess.Popen(
            args + (["--plain"] if plain else []), stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode().split()
        if len(line) != 3:
            print("Bail out! vclab does not start")
            sys.exit(1)
        self.port = int(line[1])
        self.context = None if plain else \
            ssl.create_default_context(cafile=line[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(20)
        shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def http(self, timeout=20):
        if self.plain:
            return http.client.HTTPConnection("127.0.0.1", self.port,
                                              timeout=timeout)
        return http.client.HTTPSConnection("127.0.0.1", self.port,
                                           context=self.context,
                                           timeout=timeout)

    def control(self, path, **body):
        """A /lab call; the answer."""
        link = self.http()
        link.request("POST", "/lab/" + path, json.dumps(body))
        answer = json.loads(link.getresponse().read())
        link.close()
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return answer

    def soap(self, body, cookie=None, action="urn:vim25/6.7"):
        """Raw bytes to /sdk; (status, text)."""
        link = self.http()
        headers = {"Content-Type": "text/xml; charset=UTF-8"}
        if action is not None:
            headers["SOAPAction"] = '"%s"' % action
        if cookie:
            headers["Cookie"] = cookie
        link.request("POST", "/sdk", body, headers)
        reply = link.getresponse()
        text = reply.read().decode()
        link.close()
        return reply.status, text

    def connect(self, user=SERVICE):
        return SmartConnect(host="127.0.0.1", port=self.port, user=user[0],
                            pwd=user[1], sslContext=self.context)

    def witness(self, event=None):
        with open(os.path.join(self.dir, "witness.log")) as file:
            lines = [json.loads(line) for line in file]
        return [x for x in lines if event in (None, x["event"])]

    def file(self, name):
        """Real path of "[ds] dir/file"."""
        ds, _, rest = name.partition("] ")
        return os.path.join(self.dir, "datastores", ds[1:], rest)


def find(si, path):
    return si.content.searchIndex.FindByInventoryPath(path)


def spec(si, name, keys=None, **more):
    """An instant clone's spec as sclone sends it."""
    where = vim.vm.RelocateSpec(folder=find(si, CLONES), pool=find(si, POOL))
    return vim.vm.InstantCloneSpec(
        name=name, location=where,
        config=[vim.option.OptionValue(key=k, value=v)
                for k, v in (keys or {}).items()], **more)


def wait(tasks):
    """Until all tasks are over; their infos."""
    pending = list(tasks)
    deadline = time.monotonic() + 20
    while pending and time.monotonic() < deadline:
        pending = [t for t in pending
                   if t.info.state not in ("success", "error")]
    return [t.info for t in tasks]


def run(task):
    """The result of a task; its error is raised."""
    info = wait([task])[0]
    if info.state == "error":
        raise info.error
    return info.result


def until(test, seconds=15):
    """Poll test() with pauses; its last value."""
    deadline = time.monotonic() + seconds
    value = test()
    while not value and time.monotonic() < deadline:
        time.sleep(0.005)
        value = test()
    return value


__all__ = ["ADMIN", "CLONES", "Lab", "POOL", "RPCTOOL",
           "RUNNING", "SERVICE", "SOURCE",
           "Tap", "copy", "example", "find", "os", "run", "spec", "until",
           "vim", "vmodl", "wait"]
