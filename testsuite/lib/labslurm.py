# SPDX-License-Identifier: GPL-2.0-or-later
"""A private Slurm for tests: own munged, own slurmctld, cloud nodes.

	with labslurm.Cluster(nodes=4) as cluster:
	    cluster.wrap("ResumeProgram", "sclone-resume", "--spool", ...)
	    cluster.start()
	    job = cluster.sbatch("-N2", "--wrap=hostname")
	    labslurm.await_(lambda: "POWERING_UP" in cluster.state("vm1"), "…")

Everything lives in a temporary directory and on loopback; it needs root and
Debian's slurmctld, slurmd, slurm-client and munge. Only processes started
here are ended, each by its id. SlurmUser is root, so that the programs under
test need no second account. Times are long (600 s) unless a test sets its
own: no test may pass because something timed out.

KEEP=DIR copies the site there before it goes, KEEP_FAILED=DIR into a directory
of its own below DIR when a test failed.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import tap
import uptime

BOUND = 180  # seconds; for what comes at once, on a machine that is very busy
CALL_BOUND = 120  # for one Slurm command
STEP = 0.02  # between the first looks
MAX_STEP = 0.1
NEEDED = ("munged", "slurmctld", "slurmd", "scontrol", "sbatch", "srun",
          "squeue", "sinfo", "unshare", "mount")

# Lines of slurmctld's log that tell nothing.
NOISE = ("Running job scheduler", "sched/backfill", "create_mmap_buf")

BUILD = os.environ.get("top_builddir", os.getcwd())


class Late(Exception):
    """Something awaited did not come."""


def require():
    """Skip the whole test where a private Slurm cannot be had."""
    if os.geteuid() != 0:
        tap.skip_all("needs root")
    for name in NEEDED:
        if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"):
            tap.skip_all("needs " + name)


def await_(condition, what, bound=BOUND):
    """Look until condition() is true and return it; Late after bound. What
    has taken its time is looked at less often: each look is a program."""
    start = time.monotonic()
    while True:
        got = condition()
        if got:
            return got
        waited = time.monotonic() - start
        if waited > bound:
            raise Late("waited %d s for %s" % (bound, what))
        time.sleep(min(max(STEP, waited / 20), MAX_STEP))


def program(name):
    """The path of a program of this build."""
    for place in ("src/plugins/power_save", "src/scloned-slurm", "src/scloned",
                  "src/sclone"):
        path = os.path.join(BUILD, place, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError("%s is not built below %s" % (name, BUILD))


BLOCKS = range(10000, 32000, 64)  # below what connections take by themselves
_guards = []  # sockets that keep the blocks of this process


def _bound(port):
    sock = socket.socket()
    try:
        sock.bind(("", port))
    except OSError:
        sock.close()
        return None
    return sock


def free_ports(count):
    """Ports that nobody listens on now, and no other test takes: the first
    of each block is held until this process ends."""
    ports = []
    blocks = list(BLOCKS)
    random.shuffle(blocks)
    while len(ports) < count:
        block = blocks.pop()
        guard = _bound(block)
        if guard is None:
            continue
        _guards.append(guard)
        for port in range(block + 1, block + BLOCKS.step):
            sock = _bound(port)
            if sock:
                sock.close()
                ports.append(port)
    return ports[:count]


def _has_ended(pid):
    """Whether a child has ended, without reaping it."""
    return os.waitid(os.P_PID, pid,
                     os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _family(leader):
    """The processes of a process group and all their descendants: slurmd's
    slurmstepds stay in its group, their tasks do not."""
    parents = {}
    family = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        if int(fields[2]) == leader:
            family.add(int(name))
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items()
                if parent in family and pid not in family}
        family |= more
        grown = bool(more)
    return family


class Cluster:
    """One private Slurm. Settings are changed before start()."""

    def __init__(self, nodes=4, prefix="vm"):
        self.tmp = tempfile.TemporaryDirectory(prefix="labslurm.")
        self.dir = self.tmp.name
        os.chmod(self.dir, 0o755)
        self.nodes = ["%s%d" % (prefix, n + 1) for n in range(nodes)]
        self.nodes_text = "%s[1-%d]" % (prefix, nodes)
        self.children = {}  # name -> Popen
        self.ports = free_ports(nodes + 1)
        self.conf_path = self.path("slurm.conf")
        self.env = dict(os.environ, SLURM_CONF=self.conf_path)
        self.env["PATH"] += ":/usr/sbin:/sbin"
        self.settings = self._default_settings()
        self.node_settings = "CPUs=1 RealMemory=1 Feature=rocky9,ubuntu22"
        self.partition_settings = "OverSubscribe=EXCLUSIVE"
        self.more = []  # whole lines
        self.died = False
        self.failed_before = tap.failed()
        os.mkdir(self.path("state"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def _default_settings(self):
        host = socket.gethostname().split(".")[0]
        return {
            "ClusterName": "lab",
            "SlurmctldHost": "%s(127.0.0.1)" % host,
            "SlurmctldPort": str(self.ports[0]),
            "CommunicationParameters": "NoCtldInAddrAny",
            "AuthType": "auth/munge",
            "AuthInfo": "socket=" + self.path("munge.sock"),
            "SlurmUser": "root",
            "SlurmdUser": "root",
            "StateSaveLocation": self.path("state"),
            "SlurmdSpoolDir": self.path("slurmd-%n"),
            "SlurmctldPidFile": self.path("slurmctld.pid"),
            "SlurmdPidFile": self.path("slurmd-%n.pid"),
            "SlurmctldLogFile": self.path("slurmctld.log"),
            "SlurmdLogFile": self.path("slurmd-%n.log"),
            "SlurmctldDebug": "debug",
            "DebugFlags": "Power",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "SelectType": "select/cons_tres",
            "MpiDefault": "none",
            "PrivateData": "cloud",
            "ReturnToService": "2",
            "SlurmctldParameters": "idle_on_node_suspend,"
                                   "power_save_interval=0,enable_configless,"
                                   "cloud_reg_addrs",
            "SchedulerParameters": "batch_sched_delay=0,sched_min_interval=0,"
                                   "bf_interval=5",
            "ResumeProgram": "/bin/true",
            "SuspendProgram": "/bin/true",
            "ResumeTimeout": "600",
            "SuspendTimeout": "600",
            "SuspendTime": "600",
            "ResumeRate": "0",
            "SuspendRate": "0",
        }

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def script(self, name, text):
        """A shell script; its path. Slurm takes no arguments in slurm.conf
        before 26.05, so programs that need some are wrapped."""
        return self.write(name, "#!/bin/sh\n" + text, 0o755)

    def wrap(self, key, name, *args):
        """Set a program of slurm.conf to one of this build with arguments,
        under its own name."""
        words = " ".join("'%s'" % word for word in (program(name),) + args)
        self.settings[key] = self.script(name,
                                         'exec %s "$@"\n' % words)

    def write_conf(self):
        lines = ["%s=%s" % pair for pair in self.settings.items()
                 if pair[1] is not None]
        for name, port in zip(self.nodes, self.ports[1:]):
            lines.append("NodeName=%s Port=%d State=CLOUD %s"
                         % (name, port, self.node_settings))
        lines.append("PartitionName=vm Nodes=%s Default=YES State=UP %s"
                     % (self.nodes_text, self.partition_settings))
        self.write("slurm.conf", "\n".join(lines + self.more) + "\n")

    # Processes.

    def spawn(self, name, args, **more):
        """Start a process of the cluster; it is ended with it."""
        log = open(self.path(name + ".out"), "ab")
        more.setdefault("env", self.env)
        child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, start_new_session=True, **more)
        log.close()
        self.children[name] = child
        return child

    def end(self, name, how=signal.SIGTERM):
        """End one process that spawn() started, with all that came from it,
        and reap it."""
        child = self.children.pop(name)
        if child.poll() is not None:
            return child.returncode
        family = _family(child.pid)
        child.send_signal(how)
        try:
            await_(lambda: _has_ended(child.pid), name + " to end", BOUND / 2)
        except Late:
            child.kill()
        # Not reaped yet, so its number still means its process group.
        for pid in (family | _family(child.pid)) - {child.pid}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return child.wait()

    def start_munged(self, name="munge"):
        """Each name has a key of its own."""
        def path(kind):
            return self.path("%s.%s" % (name, kind))
        with open(path("key"), "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(path("key"), 0o400)
        self.spawn("munged" if name == "munge" else "munged-" + name, [
            "munged", "--foreground", "--force",
            "--key-file=" + path("key"), "--socket=" + path("sock"),
            "--pid-file=" + path("pid"), "--log-file=" + path("log"),
            "--seed-file=" + path("seed")])
        await_(lambda: os.path.exists(path("sock")), "munged")

    def with_hosts(self, command):
        """The command, in a mount namespace where the nodes' names resolve:
        slurmctld 22.05 stands still for 10 s for each node whose job it
        ends and whose name does not (get_addr_info)."""
        hosts = self.write("hosts", "127.0.0.1 localhost %s %s\n" % (
            socket.gethostname(), " ".join(self.nodes)))
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/hosts && exec "$@"', hosts] + command

    def start_slurmctld(self, *args):
        child = self.spawn("slurmctld", self.with_hosts(
            ["slurmctld", "-D", "-f", self.conf_path] + list(args)))
        await_(lambda: child.poll() is not None or self.is_up(), "slurmctld")
        if child.poll() is not None:
            raise Late("slurmctld ended: " + self.tail("slurmctld.out"))

    def start(self):
        self.write_conf()
        self.start_munged()
        self.start_slurmctld()
        return self

    def start_slurmd(self, node, *args):
        """What a clone would do: a slurmd that says it has just booted."""
        uptime.await_safe_start()
        return self.spawn("slurmd-" + node,
                          ["slurmd", "-D", "-b", "-N", node, "-f",
                           self.conf_path] + list(args))

    def is_up(self):
        try:
            sock = socket.create_connection(("127.0.0.1", self.ports[0]), 1)
        except OSError:
            return False
        sock.close()
        return self.run("scontrol", "ping", check=False)[0] == 0

    def stop(self):
        """End everything at once; nobody reads the state afterwards."""
        for name in reversed(list(self.children)):
            self.end(name, signal.SIGKILL)
        self.keep()
        await_(self._remove, self.dir + " to be left alone")
        self.tmp.cleanup()

    def _remove(self):
        """A program that slurmctld was just starting may still write."""
        shutil.rmtree(self.dir, ignore_errors=True)
        return not os.path.exists(self.dir)

    def keep(self):
        """Copy the site when somebody wants to see it."""
        place = os.environ.get("KEEP")
        wrong = self.died or tap.failed() > self.failed_before
        if not place and wrong and os.environ.get("KEEP_FAILED"):
            place = os.path.join(os.environ["KEEP_FAILED"], "%s.%s" % (
                os.path.basename(sys.argv[0]), os.path.basename(self.dir)))
        if place:
            subprocess.run(["cp", "-a", self.dir, place], check=False)
            tap.diag("kept: " + place)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, _):
        self.died = kind is not None
        if kind and issubclass(kind, (Late, OSError, subprocess.SubprocessError)):
            tap.diag("%s: %s" % (kind.__name__, value))
            self.diagnose()
        self.stop()

    def diagnose(self):
        """What may tell why something did not come."""
        for line in self.tail("slurmctld.log", 400).splitlines():
            if not any(noise in line for noise in NOISE):
                tap.diag(line)

    def tail(self, name, lines=40):
        try:
            with open(self.path(name), errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        except OSError as error:
            return str(error)

    # Slurm's commands.

    def run(self, *args, check=True, bound=CALL_BOUND):
        """Run a command; (status, output). Raises Late past the bound."""
        try:
            done = subprocess.run(args, env=self.env, timeout=bound,
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            raise Late("%s took more than %d s" % (args[0], bound))
        text = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise Late("%s: status %d: %s"
                       % (" ".join(args), done.returncode, text))
        return done.returncode, text

    def background(self, *args):
        """Start a command that takes its time; its Popen. communicate()
        gives what it printed."""
        return subprocess.Popen(args, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, cwd=self.dir)

    def sbatch(self, *args):
        """Submit; the job's number."""
        return int(self.run("sbatch", "--parsable", *self.job_place(),
                            *args)[1].split(";")[0])

    def job_place(self):
        """Where a batch job runs and writes: a place its nodes have."""
        return "--chdir=" + self.dir, "--output=" + self.path("job-%j.out")

    def scontrol(self, *args, check=True):
        return self.run("scontrol", *args, check=check)[1]

    def update_node(self, nodes, state, reason=None):
        args = ["update", "NodeName=" + nodes, "State=" + state]
        if reason:
            args.append("Reason=" + reason)
        return self.scontrol(*args)

    def show(self, kind, name):
        """The fields of `scontrol show` as a dictionary."""
        text = self.scontrol("-o", "show", kind, str(name))
        fields = {}
        for word in text.split():
            key, equals, value = word.partition("=")
            if equals:
                fields.setdefault(key, value)
        return fields

    def state(self, node):
        """The set of words in a node's state."""
        return set(self.show("node", node)["State"].split("+"))

    def job_state(self, job):
        return self.show("job", job)["JobState"]

    def await_state(self, node, have=(), lack=(), bound=BOUND):
        """Wait until a node's state has and lacks these words."""
        def look():
            state = self.state(node)
            return set(have) <= state and not set(lack) & state
        try:
            return await_(look, "%s to be %s" % (node, "+".join(have)), bound)
        except Late as late:
            raise Late("%s; it is %s" % (late, "+".join(self.state(node))))


class Link:
    """Calls to a scloned-slurm, as scloned makes them; see slurmcall.h."""

    def __init__(self, cluster, *args, path=None):
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.child = subprocess.Popen(
            [path or program("scloned-slurm"), "--fd", str(theirs.fileno())]
            + list(args), env=cluster.env, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        theirs.close()
        self.file = ours.makefile("rb")
        self.count = 0

    def call(self, verb, bound=BOUND, **members):
        """The answer, or None when the child hung up."""
        self.count += 1
        call = dict(members, id=self.count, verb=verb)
        call.setdefault("deadline",
                        (time.monotonic_ns() // 1000) + bound * 1000000)
        self.socket.settimeout(bound)
        line = self.send(json.dumps(call).encode() + b"\n")
        if not line:
            return None
        answer = json.loads(line)
        assert answer.pop("id") == self.count
        return answer

    def send(self, data):
        """Send bytes; the line that comes back, empty after a hang-up."""
        try:
            self.socket.sendall(data)
            return self.file.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""

    def close(self):
        """Hang up; the child's status."""
        self.file.close()
        self.socket.close()
        try:
            self.child.wait(timeout=BOUND)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.said = self.child.stderr.read().decode(errors="replace")
        self.child.stderr.close()
        return self.child.returncode


class Listener:
    """A socket in scloned's place: takes the lines of front ends."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(64)
        self.socket.settimeout(BOUND)

    def take(self):
        """The next connection and its line, parsed (None: no line)."""
        client, _ = self.socket.accept()
        client.settimeout(BOUND)
        line = client.makefile("rb").readline()
        return client, json.loads(line) if line else None

    def take_verb(self, verb):
        """The next line with this verb; others are dropped."""
        while True:
            client, line = self.take()
            if line and line["verb"] == verb:
                return client, line
            client.close()

    def close(self):
        self.socket.close()
        os.unlink(self.path)
