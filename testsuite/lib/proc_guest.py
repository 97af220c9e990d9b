#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs in a clone of kind proc: takes the identity from the lab's
guestinfo as sclone-guest does, then becomes slurmd.

	proc_guest.py SLURM_CONF [MODE]

MODE makes it misbehave: "dead" never says anything, "fail" reports a failure
and stays, "slow" waits for a file named go-NODE beside slurm.conf, "late" does
that too and does not mind the time by then, "stranger" starts a slurmd with
the file stranger.conf beside slurm.conf. A file named mode there overrides
it.
"""
import json
import os
import socket
import sys
import time

import uptime


class Rpc:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["VCLAB_RPC"])
        self.file = self.sock.makefile("rw")

    def call(self, command):
        self.file.write(command + "\n")
        self.file.flush()
        reply = self.file.readline().rstrip("\n")
        if not reply.startswith("+"):
            raise SystemExit("%s: %s" % (command.split(" ")[0], reply))
        return reply[1:]


def report(rpc, identity, state, **more):
    said = dict(v=1, epoch=identity["epoch"], state=state, **more)
    rpc.call("info-set guestinfo.sclone.state " + json.dumps(said))


def sleep_forever():
    while True:
        time.sleep(3600)


def main(conf, mode):
    override = os.path.join(os.path.dirname(conf), "mode")
    if os.path.exists(override):
        with open(override) as file:
            mode = file.read()
    if mode == "dead":
        sleep_forever()
    rpc = Rpc()
    identity = json.loads(rpc.call("info-get guestinfo.sclone"))
    with open(os.path.join(os.path.dirname(conf),
                           "identity-" + identity["node"]), "w") as file:
        json.dump(identity, file)  # for tests of what clones are told
    rpc.call("info-set guestinfo.sclone used %d" % identity["epoch"])
    if mode == "fail":
        report(rpc, identity, "failed", code="HOOK",
               text="10-mount: exit status 1")
        sleep_forever()
    go = os.path.join(os.path.dirname(conf), "go-" + identity["node"])
    while mode in ("slow", "late") and not os.path.exists(go):
        time.sleep(0.02)
    if mode != "late" and time.time() * 1e6 > identity["not_after"]:
        raise SystemExit("too late")
    uptime.await_safe_start(identity["time"] / 1e6)
    report(rpc, identity, "ready", ms={"identity": 0})
    if mode == "stranger":
        conf = os.path.join(os.path.dirname(conf), "stranger.conf")
    os.execvp("slurmd", ["slurmd", "-D", "-b", "-N", identity["node"],
                         "-f", conf])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
