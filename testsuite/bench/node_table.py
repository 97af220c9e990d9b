#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In scloned-slurm's place, for benchmarks: a node table without a Slurm.

slurm.conf's directory holds nodes.json with {"prefix": P, "count": N}. All
nodes are powered down until a file "allocated" appears there: then they are
allocated to one job and powering up; with a file "up" they have registered.
"mark" sets POWER_DOWN, as slurmctld does with an allocated node. Each call is
one of slurmctld's as well; calls.log has the time and the verb of each.
"""
import json
import os
import re
import socket
import sys
import time

LIMITS = {"resume_timeout": 600, "suspend_timeout": 600,
          "suspend_time": 600}


class Table:
    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "nodes.json")) as file:
            given = json.load(file)
        self.nodes = {"%s%d" % (given["prefix"], n + 1):
                      "IDLE+CLOUD+POWERED_DOWN"
                      for n in range(given["count"])}
        self.changed = set()
        self.started = time.time()
        self.steps = [("allocated", "ALLOCATED+CLOUD+POWERING_UP"),
                      ("up", "ALLOCATED+CLOUD+POWER_DOWN")]

    def look(self):
        """Take the steps whose files have appeared."""
        while self.steps and os.path.exists(
                os.path.join(self.directory, self.steps[0][0])):
            self.set(list(self.nodes), self.steps.pop(0)[1])

    def set(self, names, state):
        for name in names:
            self.nodes[name] = state
        self.changed.update(names)

    def node(self, name):
        return {"name": name, "state": self.nodes[name],
                "boot": int(self.started),
                "cpus": 1, "memory": 1}

    def told(self, every):
        names = list(self.nodes) if every else sorted(self.changed)
        self.changed.clear()
        return {"complete": every, "nodes": [self.node(n) for n in names]}

    def expand(self, text):
        """Names of a hostlist such as vm[1-3,7],vm9."""
        names = []
        for prefix, ranges in re.findall(r"([^,\[]+)(?:\[([^\]]+)\])?", text):
            for part in ranges.split(","):
                first, _, last = part.partition("-")
                names += [prefix + str(n)
                          for n in range(int(first), int(last or first) + 1)
                          ] if part else [prefix]
        return names

    def answer(self, call):
        verb = call["verb"]
        self.look()
        if verb == "nodes":
            return self.told(call.get("all", False))
        if verb == "node":
            return {"node": self.node(call["name"])}
        if verb == "config":
            return {"config": dict(LIMITS, built_for="bench", prologs=[])}
        if verb == "partitions":
            return {"partitions": [dict(LIMITS, name="vm")]}
        if verb == "mark":
            self.set(self.expand(call["nodes"]),
                     "ALLOCATED+CLOUD+POWERING_UP+POWER_DOWN")
        return {}


def main():
    fd = int(sys.argv[sys.argv.index("--fd") + 1])
    conf = sys.argv[sys.argv.index("--conf") + 1]
    peer = socket.socket(fileno=fd)
    table = Table(os.path.dirname(conf))
    calls = open(os.path.join(table.directory, "calls.log"), "a", 1)
    for line in peer.makefile("rb"):
        call = json.loads(line)
        calls.write("%.6f %s\n" % (time.time(), call["verb"]))
        answer = dict(table.answer(call), id=call["id"])
        peer.sendall(json.dumps(answer).encode() + b"\n")


main()
