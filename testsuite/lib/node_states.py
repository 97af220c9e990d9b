#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In scloned-slurm's place: a node table whose states a test writes.

slurm.conf's directory holds nodes.json, {"names": [...], "state": S}: all
nodes have this state from then on, until what scloned asks for changes it
(node_resume: powered down, mark: POWER_DOWN as well). "version" is counted up
by the test with each change.
"""
import json
import os
import socket
import sys
import time

LIMITS = {"resume_timeout": 600, "suspend_timeout": 600, "suspend_time": 600}
DOWN = "IDLE+CLOUD+POWERED_DOWN"


def write(directory, names, state, version):
    """The test's side."""
    path = os.path.join(directory, "nodes.json")
    with open(path + ".new", "w") as file:
        json.dump({"names": names, "state": state, "version": version}, file)
    os.rename(path + ".new", path)


class Table:
    def __init__(self, directory):
        self.path = os.path.join(directory, "nodes.json")
        self.version = None
        self.nodes = {}
        self.changed = set()
        self.started = int(time.time())

    def look(self):
        with open(self.path) as file:
            given = json.load(file)
        if given["version"] != self.version:
            self.version = given["version"]
            self.set(given["names"], given["state"])

    def set(self, names, state):
        for name in names:
            self.nodes[name] = state
        self.changed.update(names)

    def node(self, name):
        return {"name": name, "state": self.nodes[name], "cpus": 1,
                "boot": self.started, "memory": 1}

    def answer(self, call):
        verb = call["verb"]
        self.look()
        if verb == "nodes":
            told = self.nodes if call.get("all") else sorted(self.changed)
            self.changed = set()
            return {"complete": bool(call.get("all")),
                    "nodes": [self.node(name) for name in told]}
        if verb == "node":
            return {"node": self.node(call["name"])}
        if verb == "config":
            return {"config": dict(LIMITS, built_for="lab", prologs=[],
                                   boot=self.started)}
        if verb == "partitions":
            return {"partitions": [dict(LIMITS, name="vm")]}
        if verb == "mark":
            for name in expand(call["nodes"]):
                if "POWER_DOWN" not in self.nodes[name].split("+"):
                    self.set([name], self.nodes[name] + "+POWER_DOWN")
        if verb == "node_resume":
            self.set(expand(call["nodes"]), DOWN)
        return {}


def expand(text):
    """Names of a hostlist such as vm[1-3,7],vm9."""
    names = []
    for part in text.replace("],", "]\n").split("\n"):
        prefix, bracket, ranges = part.partition("[")
        if not bracket:
            names += part.split(",")
            continue
        for one in ranges.rstrip("]").split(","):
            first, _, last = one.partition("-")
            names += [prefix + str(n)
                      for n in range(int(first), int(last or first) + 1)]
    return names


def main():
    peer = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    conf = sys.argv[sys.argv.index("--conf") + 1]
    table = Table(os.path.dirname(conf))
    for line in peer.makefile("rb"):
        call = json.loads(line)
        answer = dict(table.answer(call), id=call["id"])
        peer.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
