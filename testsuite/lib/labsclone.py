# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole site for tests: a private Slurm, vclab, scloned, the front ends.

	with labsclone.Site(nodes=4) as site:
	    site.start()
	    job = site.sbatch("--wrap=hostname")
	    site.await_job(job, "COMPLETED")
	    site.await_clean()

Guests are of kind proc: a clone is a local slurmd.
"""
import glob
import json
import os
import re
import ssl
import urllib.request

import labslurm
import tap
from labslurm import BUILD, await_

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = "/DC1/vm/slurm-clones"
TEMPLATES = "/DC1/vm/templates"

# The least that an account needs, as doc/vcenter.md has it: a role's name,
# and object there, path here, privileges. The tests of documentation compare.
ROLES = {
    "Cloner": ("clone folder", FOLDER, [
        "VirtualMachine.Inventory.CreateFromExisting",
        "VirtualMachine.Inventory.Delete",
        "VirtualMachine.Interact.PowerOn",
        "VirtualMachine.Interact.PowerOff",
        "VirtualMachine.Config.AdvancedConfig"]),
    "Source": ("each source", TEMPLATES, [
        "VirtualMachine.Provisioning.Clone",
        "VirtualMachine.Interact.PowerOn"]),
    "Pool": ("resource pool", "/DC1/host", ["Resource.AssignVMToPool"]),
    "Store": ("datastores of the sources", "/DC1/datastore", [
        "Datastore.AllocateSpace"]),
    "Net": ("portgroups of Network=", "/DC1/network", [
        "Network.Assign"]),
}

# What a source says of itself before it freezes.
RECORD = json.dumps({"v": 1, "guest": "0", "boot": 0, "slurmd":
                     "NodeName=rocky9 CPUs=1 Boards=1 SocketsPerBoard=1 "
                     "CoresPerSocket=1 ThreadsPerCore=1 RealMemory=480"})

# For jobs: what the tenants of clones write into their output.
BEGAN = "echo began $SLURM_JOB_ID $SLURMD_NODENAME $(date +%s%6N)"
ENDED = "echo ended $SLURM_JOB_ID $SLURMD_NODENAME $(date +%s%6N)"


def build_path(*names):
    return os.path.join(BUILD, *names)


class Site(labslurm.Cluster):
    """One private site. Settings are changed before start().

    sources says on how many hosts the template rocky9 has one, or is a
    dictionary of that: {"rocky9": 4, "ubuntu22": 2}.
    """

    helper = None  # what is in scloned-slurm's place
    socket = None  # of another scloned that is asked for a while
    conf_more = ""  # keys of the NodeName line

    def __init__(self, nodes=4, sources=1, mode="", lanes=8):
        super().__init__(nodes=nodes)
        if isinstance(sources, int):
            sources = {"rocky9": sources}
        else:
            self.node_settings = ("CPUs=1 RealMemory=1 Feature=" +
                                  ",".join(sources))
        self.hosts = ["esx%02d" % (n + 1)
                      for n in range(max(sources.values()))]
        self.template_sources = {  # name -> names of its sources
            template: ["%s-%s" % (template, host)
                       for host in self.hosts[:count]]
            for template, count in sources.items()}
        self.template_keys = {}  # name -> more keys of its line
        self.mode = mode
        self.modes = {}  # of single sources: name -> mode
        self.lanes = lanes
        self.config = {}  # more or other global keys of sclone.conf
        self.inventory_more = {}
        self.vc_port = None
        os.mkdir(self.path("spool"), 0o700)
        os.mkdir(self.path("lab"))
        self.settings["CommunicationParameters"] = "NoCtldInAddrAny"
        # Also of the programs that slurmctld starts with an empty environment.
        self.options = "log_path=%s:print_stacktrace=1" % self.path("sanitizer")
        self.jumped = 0  # s
        self.exported = {
            "ASAN_OPTIONS": self.options, "UBSAN_OPTIONS": self.options,
            "SCLONE_CLOCK_JUMP": self.path("clock-jump")}
        self.env.update(self.exported)

    def script(self, name, text):
        return super().script(name, "export %s\n" % " ".join(
            "%s=%s" % pair for pair in self.exported.items()) + text)

    def add_other(self):
        """A cloud node that is not sclone's, and a partition with all."""
        self.more += [
            "NodeName=other1 Port=%d State=CLOUD %s" % (
                labslurm.free_ports(1)[0], self.node_settings),
            "PartitionName=all Nodes=%s,other1 State=UP %s" % (
                self.nodes_text, self.partition_settings)]

    def jump(self, seconds):
        """Put sclone's wall clock forward, of the daemon and of the front
        ends; see base/clock.h. Slurm, vclab and the clones keep theirs."""
        self.jumped += seconds
        self.write("clock-jump.new", "%d\n" % (self.jumped * 10 ** 6))
        os.rename(self.path("clock-jump.new"), self.path("clock-jump"))

    @property
    def sources(self):
        """Names of all sources, template by template."""
        return [source for sources in self.template_sources.values()
                for source in sources]

    # vclab

    def _guest(self, source):
        return {"kind": "proc", "command": [
            "/usr/bin/python3", os.path.join(HERE, "proc_guest.py"),
            self.conf_path, self.modes.get(source, self.mode)]}

    def set_mode(self, mode):
        """How all clones behave that wake from now on."""
        self.write("mode", mode)

    def _source(self, template, name):
        return {"name": name, "folder": TEMPLATES,
                "host": name.rpartition("-")[2], "datastore": "ds1",
                "cpus": 1, "memory_mb": 512, "disk_mb": 16, "frozen": True,
                "guest": self._guest(name), "extraConfig": {
                    "guestinfo.sclone.template":
                        RECORD.replace("rocky9", template)}}

    def inventory(self):
        inventory = {
            "seed": 1,
            "datacenters": ["DC1"],
            "hosts": [{"name": host, "cluster": "hpc", "slots": 8,
                       "memory_mb": 65536} for host in self.hosts],
            "datastores": [{"name": "ds1", "capacity_mb": 1048576}],
            "folders": [FOLDER, TEMPLATES],
            "pools": ["/DC1/host/hpc/Resources/slurm"],
            "sources": [self._source(template, name)
                        for template, names in self.template_sources.items()
                        for name in names],
            "roles": dict({name: row[2] for name, row in ROLES.items()},
                          Looker=[]),
            "users": [{"name": "svc-slurm@vsphere.local",
                       "password": "open sesame",
                       "permissions": [{"role": "Looker", "path": "/"}] + [
                           {"role": name, "path": row[1]}
                           for name, row in ROLES.items()]}],
        }
        inventory.update(self.inventory_more)
        return inventory

    def start_vclab(self):
        listen = "127.0.0.1:%d" % (self.vc_port or 0)
        self.write("inventory.json", json.dumps(self.inventory()))
        child = self.spawn("vclab", [
            build_path("testsuite/vclab/vclab"),
            "--inventory", self.path("inventory.json"),
            "--listen", listen, "--state", self.path("lab")],
            env=dict(self.env, SCLONE_CLOCK_JUMP=""))
        line = await_(lambda: child.poll() is not None or
                      self._listening(), "vclab to listen")
        if line is True:
            raise labslurm.Late("vclab ended: " + self.tail("vclab.out"))
        self.vc_port = int(line[1])

    def _listening(self):
        for line in reversed(self.tail("vclab.out", 1000).splitlines()):
            words = line.split()
            if len(words) == 3 and words[0] == "listening":
                return words
        return None

    def lab(self, path, **body):
        """POST (with members) or GET to the lab's own control."""
        context = ssl.create_default_context(cafile=self.path("lab/ca.pem"))
        request = urllib.request.Request(
            "https://127.0.0.1:%d/lab/%s" % (self.vc_port, path),
            data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request, context=context,
                                    timeout=labslurm.CALL_BOUND) as reply:
            text = reply.read().decode()
        return json.loads(text) if text.strip() else None

    def witness(self, event=None):
        """What vclab saw: all entries, or those of one kind."""
        with open(self.path("lab/witness.log")) as file:
            entries = [json.loads(line) for line in file
                       if line.endswith("\n")]
        return [e for e in entries if event in (None, e["event"])]

    def block(self, vm):
        """No task on this VM gets on, until unblock()."""
        self.lab("vm", vm=vm, action="question", text="Well?")

    def unblock(self, vm):
        self.lab("vm", vm=vm, action="question")

    def lives(self):
        """All clones there ever were: [(name, created, gone or None), ...],
        times in us."""
        born = {}
        lives = []
        for entry in self.witness():
            if entry["event"] == "vm_created":
                born[entry["vm"]] = len(lives)
                lives.append((entry["name"], entry["time"], None))
            elif entry["event"] in ("vm_destroyed", "vm_unregistered"):
                at = born.pop(entry["vm"])
                lives[at] = lives[at][:2] + (entry["time"],)
        return lives

    def doubled(self):
        """Names that two clones had at the same time."""
        last = {}
        doubled = set()
        for name, created, gone in self.lives():
            if name in last and (last[name] is None or last[name] > created):
                doubled.add(name)
            last[name] = gone
        return doubled

    def tenants(self):
        """Per clone, in the order of lives(): the jobs that began on it."""
        marks = []
        for path in glob.glob(self.path("job-*.out")):
            with open(path) as file:
                marks += re.findall(r"^began (\d+) (\S+) (\d+)$", file.read(),
                                    re.MULTILINE)
        return [[int(job) for job, node, when in marks
                 if node == name and created <= int(when)
                 and (gone is None or int(when) <= gone)]
                for name, created, gone in self.lives()]

    # scloned

    def prologs(self):
        """How many processes of this site's sclone-prolog there are."""
        found = 0
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            found += (words[0].endswith(b"sclone-prolog")
                      and self.path("sclone.sock").encode() in words)
        return found

    def steps(self, node):
        """What scloned did and saw of a node, in order: [(epoch, text)]."""
        with open(self.path("scloned.out"), errors="replace") as file:
            return [(int(epoch), text) for epoch, text in re.findall(
                r"node %s epoch (\d+): (.*)" % node, file.read())]

    def in_order(self, node, *starts):
        """Steps that start like this came in this order."""
        texts = iter(text for _, text in self.steps(node))
        return all(any(text.startswith(start) for text in texts)
                   for start in starts)

    def sclone_conf(self):
        keys = {
            "ClusterName": "lab",
            "VCenter": "https://127.0.0.1:%d/sdk" % self.vc_port,
            "User": "svc-slurm@vsphere.local",
            "PasswordFile": self.path("sclone.password"),
            "CACert": self.path("lab/ca.pem"),
            "KeyFile": self.path("sclone.key"),
            "Folder": FOLDER,
            "ResourcePool": "/DC1/host/hpc/Resources/slurm",
            "StateDir": self.path("journal"),
            "SpoolDir": self.path("spool"),
            "Socket": self.path("sclone.sock"),
            "SlurmConf": self.conf_path,
            "LogLevel": "debug",
        }
        keys.update(self.config)
        lines = ["%s=%s" % pair for pair in keys.items()
                 if pair[1] is not None]
        for template, names in self.template_sources.items():
            more = self.template_keys.get(template, {})
            keys = {"TemplateName": template, "Lanes": self.lanes,
                    "Sources": ",".join("%s/%s" % (TEMPLATES, name)
                                        for name in names)}
            lines.append(" ".join("%s=%s" % pair for pair in
                                  dict(keys, **more).items()))
        lines.append("NodeName=%s Templates=%s%s" % (
            self.nodes_text, ",".join(self.template_sources),
            self.conf_more))
        return "\n".join(lines) + "\n"

    def write_secrets(self):
        self.write("sclone.password", "open sesame\n", 0o600)
        self.write("sclone.key", "0123456789abcdef" * 4 + "\n", 0o600)

    def write_sclone_conf(self):
        self.write("sclone.conf", self.sclone_conf())

    def start_scloned(self, wait=True):
        helper = self.helper or build_path("src/scloned-slurm/scloned-slurm")
        child = self.spawn("scloned", [
            labslurm.program("scloned"), "--config", self.path("sclone.conf"),
            "--slurm-helper", helper])
        if wait:
            await_(lambda: child.poll() is not None or self.is_serving(),
                   "scloned")
        if child.poll() is not None:
            raise labslurm.Late("scloned ended: " + self.tail("scloned.out"))

    def fault(self, kind, method=None, **more):
        """Make vclab fail: at the calls of a method, or at once."""
        if method:
            more["method"] = method
        self.lab("fault", kind=kind, **more)

    def is_serving(self):
        """Both ends answer, and every source was looked at once."""
        status = self.status()
        return (status and status["daemon"]["vcenter"]["state"] == "up"
                and status["daemon"]["slurm"]["state"] == "up"
                and all(source["state"] != "unknown"
                        for source in status["sources"]))

    def sclone(self, *args, check=True):
        return self.run(labslurm.program("sclone"), "--socket",
                        self.socket or self.path("sclone.sock"), *args,
                        check=check)

    def check(self, *args, hosts=True):
        """`sclone check`: its exit status, its output, and as a dictionary
        the findings of each topic, as "level: text". The nodes' names
        resolve, if wanted."""
        helper = build_path("src/scloned-slurm/scloned-slurm")
        command = [labslurm.program("sclone"), "--config",
                   self.path("sclone.conf"), "check", "--slurm-helper",
                   helper, *args]
        code, text = self.run(*(self.with_hosts(command) if hosts
                                else command), check=False)
        topics = {}
        for line in text.splitlines():
            level, _, rest = line.partition("  ")
            topic, _, what = rest.strip().partition(": ")
            topics.setdefault(topic, []).append("%s: %s" % (level.strip(),
                                                            what))
        return code, text, topics

    def status(self, *args):
        code, text = self.sclone("--json", "status", *args, check=False)
        return json.loads(text) if text.startswith("{") else None

    def phase(self, node):
        """What the node's VM is at; None when scloned does not answer."""
        status = self.status(node)
        return status and status["nodes"][0]["phase"]

    def reconcile(self, *args):
        """A pass: its reply, with the differences by node."""
        reply = json.loads(self.sclone("--json", "reconcile", *args,
                                       check=False)[1])
        reply["differences"] = {row["node"]: row
                                for row in reply["differences"]}
        return reply

    def reconcile_twice(self):
        """Two sightings by which all that is due is done; the reply to the
        second."""
        self.reconcile("--now")
        self.jump(61)
        return self.reconcile("--now")

    def history(self, *args):
        return json.loads(self.sclone("--json", "history", *args)[1])["cycles"]

    def wrap_programs(self):
        places = ["--socket", self.path("sclone.sock")]
        spool = ["--spool", self.path("spool")]
        self.wrap("ResumeProgram", "sclone-resume", *spool, *places)
        self.wrap("SuspendProgram", "sclone-suspend", *spool, *places)
        self.wrap("ResumeFailProgram", "sclone-resume-fail", *spool, *places)
        self.wrap("PrologSlurmctld", "sclone-prolog", "--conf",
                  self.path("sclone.conf"), *spool, *places)

    def requeue_soon(self):
        """A requeued job waits until its credential has expired, and then
        for the scheduler's next round; both are long by default. slurmctld
        goes on for 10 s to tell a node that refuses to end the job; it would
        end the second run there."""
        self.settings["AuthInfo"] += ",cred_expire=12"
        self.settings["SchedulerParameters"] += ",sched_interval=1"

    # The whole

    def start(self):
        self.wrap_programs()
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        self.start_slurm()
        self.start_scloned()
        return self

    def start_slurm(self):
        super().start()

    def diagnose(self):
        super().diagnose()
        tap.diag(self.tail("scloned.out", 80))
        if self.is_up():
            for kind in "nodes", "jobs":
                tap.diag(self.scontrol("-o", "show", kind, check=False))

    # What is said of each thing that must hold at the end.
    judge = staticmethod(tap.equal)

    def stop(self):
        if self.witness_is_there():
            self.judge(self.doubled(), set(),
                       "no two VMs had one name at a time")
        for name in "scloned", "vclab":
            if name in self.children:
                self.judge(self.end(name), 0, name + " ends well")
        self.judge(self.complaints(), [], "no sanitizer complained")
        super().stop()

    def complaints(self):
        """Reports of sanitizers. A process that is killed while it looks for
        leaks leaves a line that is none."""
        found = []
        for path in glob.glob(self.path("sanitizer*")):
            with open(path) as file:
                text = file.read()
            tap.diag(text)
            if "ERROR: " in text or "runtime error: " in text:
                found.append(path)
        return found

    def witness_is_there(self):
        return os.path.exists(self.path("lab/witness.log"))

    def await_job(self, job, *states, bound=labslurm.BOUND):
        return await_(lambda: self.job_state(job) in states and
                      self.job_state(job),
                      "job %s to be %s" % (job, "/".join(states)), bound)

    def await_no_jobs(self, bound=labslurm.BOUND):
        await_(lambda: not self.run("squeue", "-h")[1].strip(),
               "all jobs to end", bound)

    def clones(self):
        """Names of the clones that exist in the lab now."""
        alive = {}
        for entry in self.witness():
            if entry["event"] == "vm_created":
                alive[entry["vm"]] = entry["name"]
            elif entry["event"] == "vm_destroyed":
                alive.pop(entry["vm"], None)
        return sorted(alive.values())

    def is_clean(self):
        status = self.status()
        return (status is not None and not status["nodes"]
                and all("POWERED_DOWN" in self.state(node) and
                        "POWERING_DOWN" not in self.state(node)
                        for node in self.nodes))

    def await_clean(self, bound=labslurm.BOUND):
        """All VMs proven gone, all nodes back."""
        await_(self.is_clean, "all nodes to be free again", bound)
