#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""job_submit_sclone.so while jobs are submitted all the time: whatever becomes
of sclone.conf, slurmctld goes on, and so do its users."""
import os
import shutil
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labplugins  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

USERS = 3
# What a submission says that found nobody, or lost him: Slurm's words for a
# broken connection, and the system's.
AWAY = ("Unable to contact", "Socket timed out", "Zero Bytes",
        "Communication connection failure", "Communication shutdown failure",
        "Message send failure", "Message receive failure", "missing socket",
        "Connection refused", "Connection reset", "Connection timed out",
        "Broken pipe", "Transport endpoint")


class User(threading.Thread):
    """Submits held jobs until it is told to end."""

    def __init__(self, cluster):
        super().__init__()
        self.cluster = cluster
        self.seen = []      # what became of each
        self.left = False

    def run(self):
        while not self.left:
            try:
                self.seen.append(labplugins.submit(self.cluster, "-pvm",
                                                   "--template=ubuntu22"))
            except labslurm.Late as late:   # submitted, and then no answer
                self.seen.append(str(late))

    def odd(self, *allowed):
        """Anything but a job as allowed, and a slurmctld that is away."""
        return [got for got in self.seen if got not in allowed and
                not (isinstance(got, str) and any(w in got for w in AWAY))]


class Users(list):
    """All of them."""

    def __init__(self, cluster):
        super().__init__(User(cluster) for _ in range(USERS))

    def __enter__(self):
        for user in self:
            user.start()
        return self

    def __exit__(self, *_):
        for user in self:
            user.left = True
        for user in self:
            user.join(labslurm.BOUND)

    def await_more(self, what):
        """Each submits twice more, so that one began after now."""
        before = [len(user.seen) for user in self]
        labslurm.await_(lambda: all(
            len(user.seen) >= count + 2
            for user, count in zip(self, before)), what)

    def odd(self, *allowed):
        return [got for user in self for got in user.odd(*allowed)]


def breakages(path):
    """Ways to break a file, each with its name."""
    def gone():
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def text(data):
        def write():
            gone()
            with open(path, "wb") as file:
                file.write(data)
        return write

    def special(make):
        def replace():
            gone()
            make()
        return replace

    return [("an unknown key", text(b"Nonsense=yes\n")),
            ("half a line", text(labplugins.CONF.encode()[:300])),
            ("no text", text(os.urandom(4096))),
            ("too much of it", text(b"#" * (32 << 20))),
            ("nothing", text(b"")),
            ("no file", gone),
            ("a directory", special(lambda: os.mkdir(path))),
            ("a pipe", special(lambda: os.mkfifo(path)))]


def test_reconfigured(cluster, users):
    child = cluster.children["slurmctld"]
    for what, breaks in breakages(cluster.path("sclone.conf")):
        breaks()
        cluster.scontrol("reconfigure")
        users.await_more("jobs after a reconfigure")
        tap.equal(child.poll(), None, "reconfigured with %s" % what)
    tap.equal(users.odd(("ubuntu22", "NO")), [],
              "all jobs were judged by what was read at the start")


def test_restarted(cluster, users):
    for what, breaks in breakages(cluster.path("sclone.conf"))[3::2]:
        breaks()
        cluster.end("slurmctld")
        cluster.start_slurmctld()
        tap.equal(labplugins.submit(cluster, "-pvm", "-Cbig"), ("big", "OK"),
                  "started with %s: jobs pass as they are" % what)
    users.await_more("jobs in the end")
    tap.equal(users.odd(("ubuntu22", "NO"), ("(null)", "OK")), [],
              "no job was refused, or misjudged")


def test_mended(cluster, users):
    os.unlink(cluster.path("sclone.conf"))
    cluster.write("sclone.conf", labplugins.CONF)
    cluster.end("slurmctld")
    cluster.start_slurmctld()
    tap.equal(labplugins.submit(cluster, "-pvm"), ("rocky9", "NO"),
              "mended and started again, it judges again")
    users.await_more("jobs that are judged")
    tap.equal([user.seen[-1] for user in users],
              [("ubuntu22", "NO")] * USERS, "everybody's")


def check(cluster):
    """What `sclone check` says of the plugin."""
    conf = cluster.write("check.conf", "SlurmConf=%s\n%s" % (
        cluster.conf_path, labplugins.CONF))
    text = cluster.run(
        labslurm.program("sclone"), "--config", conf,
        "check", "--slurm-helper", labslurm.program("scloned-slurm"),
        check=False)[1]
    return "".join(line for line in text.splitlines()
                   if "JobSubmitPlugins" in line)


def test_updated(cluster):
    """Slurm was updated, as seen from the plugin: it is of the version
    before."""
    path = cluster.path("plugins/job_submit_sclone.so")
    text = cluster.run("slurmctld", "-V")[1].split()[-1]
    version = [int(number) for number in text.split(".")]
    tap.contains(check(cluster), "%s is for Slurm %s" % (path, text),
                 "sclone check: it fits")
    with open(path, "rb") as file:
        data = file.read()
    number = bytes(reversed(version)) + b"\0"
    tap.ok(number in data, "its version can be found")
    version[2] += 1
    with open(path + ".new", "wb") as file:
        file.write(data.replace(number, bytes(reversed(version)) + b"\0"))
    os.rename(path + ".new", path)
    tap.contains(check(cluster), "will not start again: %s was built for "
                 "Slurm %s" % (path, "%d.%02d.%d" % tuple(version)),
                 "sclone check: it does not, before slurmctld sees it")
    cluster.end("slurmctld")
    child = cluster.spawn("slurmctld", cluster.with_hosts(
        ["slurmctld", "-D", "-f", cluster.conf_path]))
    labslurm.await_(lambda: child.poll() is not None, "slurmctld to end")
    tap.contains(cluster.tail("slurmctld.log", 1000),
                 "fatal: failed to initialize job_submit plugin",
                 "which does not start with it")


with labslurm.Cluster(nodes=4) as cluster:
    labplugins.prepare(cluster)
    # its other name, which slurmctld and `sclone check` know as well
    cluster.settings["JobSubmitPlugins"] = "job_submit/sclone"
    cluster.start()
    with Users(cluster) as users:
        test_reconfigured(cluster, users)
        test_restarted(cluster, users)
        test_mended(cluster, users)
    test_updated(cluster)
sys.exit(tap.done())
