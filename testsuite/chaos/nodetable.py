# SPDX-License-Identifier: GPL-2.0-or-later
"""A node table in slurmctld's place, which outlives scloned.

It keeps nodes and jobs as slurmctld's power saving does, answers what scloned
asks through `relay`, runs the front ends, lets slurmd register when vclab's
witness log says that a guest is ready, and writes down all that happens, one
JSON object a line: what the auditor reads.
"""
import array
import collections
import json
import os
import re
import selectors
import socket
import threading
import time

STATE_KEY = "guestinfo.sclone.state"
STEP = 0.003  # between two looks at the witness log
LIMITS = {"resume_timeout": 600, "suspend_timeout": 600, "suspend_time": 600}
# Of drains that scloned undoes itself.
PASSING = tuple("sclone: (%s)" % code for code in ("GUARD", "HOLD",
                                                   "UNPROVEN"))
ENDED = ("COMPLETED", "CANCELLED", "REQUEUED")


class Node:
    def __init__(self, name):
        self.name = name
        self.base = "IDLE"
        self.flags = {"POWERED_DOWN"}
        self.reason = ""
        self.job = 0

    def state(self):
        return "+".join([self.base, "CLOUD"] + sorted(self.flags))

    def is_up(self):
        return not self.flags & {"POWERED_DOWN", "POWERING_DOWN",
                                 "POWERING_UP"} and self.base != "DOWN"

    def is_free(self):
        """Ready for the next job."""
        return (self.base == "IDLE" and not self.job and
                self.flags == {"POWERED_DOWN"})

    def is_kept(self):
        """Out of service for a human, who was told why."""
        return ("DRAIN" in self.flags and not self.job and
                self.reason.startswith("sclone: (") and
                not self.reason.startswith(PASSING))

    def tell(self):
        told = {"name": self.name, "state": self.state(), "boot": 1,
                "cpus": 1, "memory": 1}
        return dict(told, reason=self.reason) if self.reason else told


class Job:
    def __init__(self, number, nodes):
        self.number = number
        self.nodes = nodes
        self.state = "CONFIGURING"

    def tell(self):
        return {"id": self.number, "uid": 0, "state": self.state,
                "batch": True, "requeue": True, "restarts": 0,
                "user": "alice", "partition": "vm", "features": "rocky9"}


def expand(text):
    """Names of a hostlist such as vm[1-3,7],vm9."""
    names = []
    for prefix, ranges in re.findall(r"([^,\[]+)(?:\[([^\]]+)\])?", text):
        for part in ranges.split(",") if ranges else []:
            first, _, last = part.partition("-")
            names += [prefix + str(n)
                      for n in range(int(first), int(last or first) + 1)]
        if not ranges:
            names.append(prefix)
    return names


class Refused(Exception):
    """code and text of an error, as scloned-slurm would answer."""


class NodeTable(threading.Thread):
    """run_program(kind, nodes, resume_json) runs a front end."""

    def __init__(self, path, names, run_program, boot_s):
        super().__init__(daemon=True)
        self.nodes = {name: Node(name) for name in names}
        self.jobs = {}
        self.vms = {}  # name -> ids of the clones that exist
        self.changed = threading.Condition()
        self.away = False  # slurmctld does not answer
        self.lose = 0  # replies to updates that get lost
        self.refuse = {}  # verb -> how often it fails
        self.looks = 0  # at all nodes, so far
        self.mute = set()  # nodes whose slurmd never registers
        self.boot_s = boot_s
        self.run_program = run_program
        self.programs = collections.deque()
        self.running_programs = ()  # the nodes of the one that runs
        self.log_file = open(os.path.join(path, "slurm.log"), "a")
        self.witness_path = os.path.join(path, "lab/witness.log")
        self.witness = None
        self.rest = ""
        self.ending = False
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(path, "table"))
        self.listener.listen(16)
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.runner = threading.Thread(target=self.run_programs, daemon=True)

    def log(self, event, **members):
        line = dict(time=time.time_ns() // 1000, event=event, **members)
        self.log_file.write(json.dumps(line) + "\n")
        self.log_file.flush()

    # The two threads.

    def start(self):
        super().start()
        self.runner.start()

    def run(self):
        while not self.ending:
            for key, _ in self.selector.select(STEP):
                if key.fileobj is self.listener:
                    self.welcome()
                else:
                    self.serve(key.fileobj, key.data)
            with self.changed:
                self.read_witness()

    def end(self):
        self.ending = True
        self.join()
        with self.changed:
            self.changed.notify_all()
        self.runner.join()
        for key in list(self.selector.get_map().values()):
            self.hang_up(key.fileobj, key.data)
        self.selector.close()

    def run_programs(self):
        while True:
            with self.changed:
                while not self.programs and not self.ending:
                    self.changed.wait()
                if self.ending:
                    return
                program = self.programs.popleft()
                self.running_programs = program[1].split(",")
            self.run_program(*program)
            with self.changed:
                self.running_programs = ()
                self.changed.notify_all()

    def program(self, kind, names, resume=None):
        self.log("program", kind=kind, nodes=names)
        self.programs.append((kind, ",".join(names), resume))
        self.changed.notify_all()

    # Calls.

    def welcome(self):
        relay, _ = self.listener.accept()
        fds = array.array("i")
        _, ancillary, _, _ = relay.recvmsg(1, socket.CMSG_SPACE(fds.itemsize))
        for _, _, data in ancillary:
            fds.frombytes(data[:fds.itemsize])
        if not fds:  # killed before it could
            relay.close()
            return
        call = socket.socket(fileno=fds[0])
        call.setblocking(True)
        with self.changed:
            self.selector.register(call, selectors.EVENT_READ, {
                "relay": relay, "rest": b"", "changed": None})

    def hang_up(self, call, link):
        with self.changed:
            self.selector.unregister(call)
        call.close()
        if link:
            link["relay"].close()

    def serve(self, call, link):
        try:
            got = call.recv(1 << 20)
        except ConnectionResetError:
            got = b""
        if not got:
            self.hang_up(call, link)
            return
        lines = (link["rest"] + got).split(b"\n")
        link["rest"] = lines.pop()
        for line in lines:
            asked = json.loads(line)
            with self.changed:
                answer = self.answer(asked, link)
                self.changed.notify_all()
            try:
                call.sendall(json.dumps(
                    dict(answer, id=asked["id"])).encode() + b"\n")
            except OSError:
                pass  # it has died; recv() says so

    def answer(self, call, link):
        verb = call["verb"]
        try:
            if self.away:
                raise Refused("TRANSIENT", "slurmctld does not answer")
            if self.refuse.get(verb):
                self.refuse[verb] -= 1
                raise Refused("TRANSIENT", "slurmctld is busy")
            answer = getattr(self, "do_" + verb)(call, link) or {}
            if self.lose and verb not in ("nodes", "node", "config",
                                          "partitions", "job"):
                self.lose -= 1
                raise Refused("UNKNOWN", "the reply is lost")
            return answer
        except Refused as refused:
            return {"error": dict(zip(("code", "text"), refused.args))}

    def do_nodes(self, call, link):
        self.looks += 1
        every = call.get("all") or link["changed"] is None
        names = self.nodes if every else sorted(link["changed"])
        told = [self.nodes[name].tell() for name in names]
        link["changed"] = set()
        return {"complete": bool(every), "nodes": told}

    def do_node(self, call, _):
        node = self.node(call["name"])
        answer = {"node": node.tell()}
        if call.get("who"):
            answer["start"] = 0
            answer["job"] = (node.job if node.job > call.get("job", 0)
                             else 0)
        elif call.get("job"):
            answer["holds"] = node.job == call["job"]
        return answer

    def do_job(self, call, _):
        return {"job": self.job(call["job"]).tell()}

    def do_config(self, *_):
        return {"config": dict(LIMITS, built_for="chaos", prologs=[],
                               boot=self.boot_s)}

    def do_partitions(self, *_):
        return {"partitions": [dict(LIMITS, name="vm")]}

    def do_mark(self, call, _):
        for node in self.updated(call):
            if node.base == "ALLOCATED":
                node.flags.add("POWER_DOWN")
            elif "POWERED_DOWN" not in node.flags or node.base == "DOWN":
                self.power_down(node)

    do_power_down = do_mark

    def do_force_down(self, call, _):
        for node in self.updated(call):
            self.requeue(node)
            node.reason = call["reason"]
            self.power_down(node)

    def do_set_down(self, call, _):
        for node in self.updated(call):
            self.requeue(node)
            node.base = "DOWN"
            node.flags -= {"POWERING_UP", "POWERING_DOWN"}
            node.reason = call["reason"]

    def do_node_resume(self, call, _):
        for node in self.updated(call):
            self.put_back(node)

    def do_drain(self, call, _):
        for node in self.updated(call):
            node.flags.add("DRAIN")
            node.reason = call["reason"]

    def do_undrain(self, call, _):
        for node in self.updated(call):
            node.flags.discard("DRAIN")
            node.reason = ""

    def do_give_back(self, call, reply):
        self.do_undrain(call, reply)

    def do_admin_comment_append(self, call, _):
        self.job(call["job"])
        failure = call["text"].startswith("sclone: (")
        self.log("told" if failure else "noted", job=call["job"],
                 text=call["text"])

    def do_notify_job(self, call, _):
        self.job(call["job"])
        self.log("notified", job=call["job"], text=call["text"])

    def do_requeue_job(self, call, _):
        for name in self.job(call["job"]).nodes:
            self.requeue(self.nodes[name])

    # What calls change.

    def node(self, name):
        if name not in self.nodes:
            raise Refused("NOTFOUND", "no node " + name)
        return self.nodes[name]

    def job(self, number):
        if number not in self.jobs:
            raise Refused("NOTFOUND", "no job %d" % number)
        return self.jobs[number]

    def updated(self, call):
        """The nodes of an update, each logged as it was before."""
        for name in expand(call["nodes"]):
            node = self.node(name)
            self.log("update", verb=call["verb"], node=name, job=node.job,
                     state=node.state(), up=node.is_up(),
                     reason=call.get("reason", ""))
            yield node
            self.touch(name)

    def touch(self, name):
        for key in self.selector.get_map().values():
            if key.data and key.data["changed"] is not None:
                key.data["changed"].add(name)
        self.changed.notify_all()

    def power_down(self, node):
        node.base = "IDLE"
        node.flags = (node.flags & {"DRAIN"}) | {"POWERING_DOWN"}
        self.program("suspend", [node.name])

    def put_back(self, node):
        """state=resume, whoever says so."""
        if "POWERING_DOWN" in node.flags:
            node.flags = {"POWERED_DOWN"}
        node.flags.discard("DRAIN")
        node.reason = ""
        if node.base == "DOWN":
            node.base = "IDLE"

    def leave(self, node):
        """The job has left the node."""
        node.job = 0
        if node.base == "DOWN":
            pass
        elif "POWER_DOWN" in node.flags and "POWERING_UP" not in node.flags:
            self.power_down(node)
        elif node.base == "ALLOCATED":
            node.base = "IDLE"
        self.touch(node.name)

    def finish(self, job, state):
        job.state = state
        self.log("job", job=job.number, state=state, nodes=job.nodes)
        for name in job.nodes:
            self.leave(self.nodes[name])

    def requeue(self, node):
        job = self.jobs.get(node.job)
        if job and job.state not in ENDED:
            self.finish(job, "REQUEUED")

    def free_nodes(self):
        """Those that a job can get. slurmctld starts a node's programs at
        once, and here one waits for the other: none is overtaken."""
        with self.changed:
            busy = {name for program in self.programs
                    for name in program[1].split(",")}
            return [name for name, node in self.nodes.items()
                    if node.is_free() and name not in busy and
                    name not in self.running_programs]

    # What users do.

    def allocate(self, names):
        """A job on free nodes; its number."""
        with self.changed:
            job = Job(len(self.jobs) + 1, names)
            self.jobs[job.number] = job
            self.log("job", job=job.number, state="CONFIGURING", nodes=names)
            for name in names:
                node = self.nodes[name]
                assert node.is_free(), (name, node.state())
                node.base, node.flags = "ALLOCATED", {"POWERING_UP"}
                node.job = job.number
                self.touch(name)
            self.ask(job)
            return job.number

    def ask(self, job):
        """Run ResumeProgram for its nodes."""
        text = ",".join(job.nodes)
        self.program("resume", job.nodes, json.dumps({"jobs": [{
            "job_id": job.number, "features": "rocky9", "extra": None,
            "oversubscribe": "NO", "nodes_alloc": text,
            "nodes_resume": text}], "all_nodes_resume": text}))

    def complete(self, number, state="COMPLETED"):
        """The job's own end, unless it was sent away before."""
        with self.changed:
            job = self.jobs[number]
            if job.state not in ENDED:
                self.finish(job, state)

    def forget(self, name):
        """slurmctld lost its state, or an admin set it: the job is gone and
        the node is off, and nobody is told."""
        with self.changed:
            node = self.nodes[name]
            job = self.jobs.get(node.job)
            if job and job.state not in ENDED:
                job.state = "CANCELLED"
                self.log("job", job=job.number, state=job.state,
                         nodes=job.nodes)
            node.base, node.flags = "IDLE", {"POWERED_DOWN"}
            node.job = 0
            self.touch(name)

    def resume(self, name):
        """An admin's `scontrol update node=... state=resume`."""
        with self.changed:
            self.put_back(self.nodes[name])
            self.touch(name)

    def set_away(self, away):
        with self.changed:
            self.away = away
            self.log("slurmctld", away=away)

    # What guests do.

    def read_witness(self):
        if self.witness is None:
            if not os.path.exists(self.witness_path):
                return
            self.witness = open(self.witness_path)
        text = self.rest + self.witness.read()
        if not text:
            return
        lines = text.split("\n")
        self.rest = lines.pop()
        for line in lines:
            self.see(json.loads(line))
        self.changed.notify_all()

    def see(self, entry):
        if entry["event"] == "vm_created":
            self.vms.setdefault(entry["name"], set()).add(entry["vm"])
        elif entry["event"] in ("vm_destroyed", "vm_unregistered"):
            for ids in self.vms.values():
                ids.discard(entry["vm"])
        elif entry["event"] == "guest_set" and entry["key"] == STATE_KEY:
            said = json.loads(entry["value"])
            if said.get("state") == "ready" and entry["name"] in self.nodes:
                self.register(self.nodes[entry["name"]], entry["vm"])

    def register(self, node, vm):
        if node.name in self.mute:
            return
        taken = "POWERING_UP" in node.flags
        self.log("registered", node=node.name, vm=vm, job=node.job,
                 taken=taken)
        if not taken:
            return
        node.flags.discard("POWERING_UP")
        job = self.jobs.get(node.job)
        if job and all(self.nodes[name].is_up() for name in job.nodes):
            job.state = "RUNNING"
            self.log("job", job=job.number, state="RUNNING", nodes=job.nodes)
        elif not job and "POWER_DOWN" in node.flags:
            self.power_down(node)
        self.touch(node.name)

    # What can be awaited.

    def is_settled(self):
        """No job, no clone, nothing to be done."""
        return (all(job.state in ENDED for job in self.jobs.values()) and
                not any(self.vms.values()) and not self.programs and
                not self.running_programs and
                all(node.is_free() or node.is_kept()
                    for node in self.nodes.values()))

    def dump(self):
        return {"nodes": {node.name: {"state": node.state(), "job": node.job,
                                      "reason": node.reason}
                          for node in self.nodes.values()},
                "jobs": {job.number: job.state
                         for job in self.jobs.values()}}
