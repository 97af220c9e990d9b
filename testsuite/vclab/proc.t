#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that are processes, and the tools they find inside."""

import re
import shutil
import tempfile

from labtest import *

# What a guest's first program does in this test.
SCRIPT = """#!/bin/sh
PATH=%s:$PATH
say() { vmware-rpctool "info-set guestinfo.$1 $2"; }
tell() { key=$1; shift; text=$("$@" 2>&1); say $key "$text:$?"; }
id=$(vmware-rpctool "info-get guestinfo.sclone")
case $id in
quit) exit 3 ;;
esac
tell none vmware-rpctool "info-get guestinfo.none"
tell bad vmware-rpctool "no-such-command"
tell denied vmware-rpctool "info-set sclone.owner x"
tell clock vmware-toolbox-cmd stat hosttime
setsid sleep 1000 &
echo $! >$VCLAB_DIR/daemon
case $id in
freeze) vmware-rpctool "instantclone.freeze" & ;;
esac
say got "$id"
exec sleep 1000
"""


def options(vm):
    return {o.key.partition(".")[2]: o.value for o in vm.config.extraConfig}


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def make(lab_dir):
    """A directory with the tools and the script; the script's path."""
    for name in "vmware-rpctool", "vmware-toolbox-cmd":
        os.symlink(RPCTOOL, os.path.join(lab_dir, name))
    path = os.path.join(lab_dir, "guest")
    with open(path, "w") as file:
        file.write(SCRIPT % lab_dir)
    os.chmod(path, 0o755)
    return path


def clone(si, name, identity):
    return run(find(si, SOURCE).InstantClone_Task(
        spec=spec(si, name, {"guestinfo.sclone": identity})))


def tools(tap, got):
    tap.same(got["none"], "No value found:1", "info-get of nothing")
    tap.same(got["bad"], "Unknown command:1", "an unknown command")
    tap.same(got["denied"], "Permission denied:1",
             "info-set outside of guestinfo")
    tap.ok(re.fullmatch(r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d:0", got["clock"]),
           "stat hosttime")


def life(tap, lab, si):
    vm = clone(si, "p1", "a b")
    got = until(lambda: "got" in options(vm) and options(vm))
    tap.same(got and got["got"], "a b", "a process reads its identity")
    tools(tap, got)
    where = os.path.dirname(lab.file(vm.config.files.vmPathName))
    with open(os.path.join(where, "daemon")) as file:
        daemon = int(file.read())
    tap.ok(alive(daemon), "it has a daemon")
    run(vm.PowerOffVM_Task())
    tap.ok(not alive(daemon), "which does not survive the power")
    run(vm.Destroy_Task())
    tap.ok(not os.path.exists(where), "nor do the files the destroy")
    vm = clone(si, "p2", "quit")
    tap.ok(until(lambda: vm.runtime.powerState == "poweredOff"),
           "a command that ends powers its VM off")
    tap.same([x["text"] for x in lab.witness("guest_off")],
             ["command ended, status 3"], "as the witness says")
    vm = clone(si, "p3", "freeze")
    tap.ok(until(lambda: vm.runtime.instantCloneFrozen),
           "a guest can freeze itself")


def main():
    tap = Tap()
    tools_dir = tempfile.mkdtemp(prefix="vclab-")
    inventory = example()
    inventory["sources"][0]["guest"] = {"kind": "proc",
                                        "command": [make(tools_dir)]}
    with Lab(inventory) as lab:
        si = lab.connect()
        until(lambda: find(si, SOURCE).runtime.instantCloneFrozen)
        life(tap, lab, si)
        tap.same(lab.stop(), 0, "vclab ends cleanly")
    shutil.rmtree(tools_dir)
    tap.done()


main()
