# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned as an admin has it: SlurmUser is not root, and not the user that the
unit names, which a drop-in sets right; scloned runs from its unit, under a
systemd of its own in namespaces of its own (processes, mounts, cgroups; the
network is shared).

What slurmctld and scloned execute as that user is copied to a place that it
may enter, since the build may lie where only root may look.
"""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

import labsclone
import labslurm
import tap

USER = "daemon"
PROGRAMS = ("src/plugins/power_save/sclone-resume",
            "src/plugins/power_save/sclone-suspend",
            "src/plugins/power_save/sclone-resume-fail",
            "src/plugins/power_save/sclone-prolog",
            "src/scloned-slurm/scloned-slurm", "src/scloned/scloned",
            "src/sclone/sclone")

# What the private systemd starts from; nothing of it reaches the machine.
START = """
mount --make-rprivate /
mount -t proc proc /proc
for dir in /run /etc/systemd/system /var/lib /var/spool; do
	mount -t tmpfs -o mode=0755 tmpfs $dir || exit 1
done
umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
mkdir -p /run/systemd/system && cp -r "$0"/. /run/systemd/system || exit 1
exec env -i container=lab PATH="$PATH" /lib/systemd/systemd --system \\
	--unit=scloned.service --log-target=console --log-level=warning \\
	--show-status=no
"""

EMPTY = "[Unit]\nDefaultDependencies=no\n"
DROPIN = """[Unit]
DefaultDependencies=no
[Service]
User=%(user)s
StandardOutput=append:%(out)s
StandardError=inherit
ExecStart=
ExecStart=%(command)s
Environment=ASAN_OPTIONS=detect_leaks=0:disable_coredump=0:%(options)s
Environment=UBSAN_OPTIONS=%(options)s
BindPaths=%(site)s
ReadWritePaths=%(site)s
BindReadOnlyPaths=%(build)s
"""


def require():
    labslurm.require()
    try:
        pwd.getpwnam(USER)
    except KeyError:
        tap.skip_all("needs the user " + USER)
    for path in "/lib/systemd/systemd", "/usr/bin/setpriv":
        if not os.path.exists(path):
            tap.skip_all("needs " + path)


def as_user(name, *command):
    """The command as another user, with nothing of root's."""
    entry = pwd.getpwnam(name)
    return ["setpriv", "--reuid=%d" % entry.pw_uid,
            "--regid=%d" % entry.pw_gid, "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", "--no-new-privs", *command]


class Site(labsclone.Site):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.copy = tempfile.TemporaryDirectory(prefix="labsystemd.")
        os.chmod(self.copy.name, 0o755)
        for name in PROGRAMS:
            path = os.path.join(self.copy.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(labsclone.build_path(name), path)
        self.settings["SlurmUser"] = USER
        self.give(self.dir)
        for name in "state", "spool":
            self.give(self.path(name))

    def give(self, path):
        entry = pwd.getpwnam(USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)

    def copied(self, name):
        return next(os.path.join(self.copy.name, place)
                    for place in PROGRAMS if place.endswith("/" + name))

    def wrap(self, key, name, *args):
        words = " ".join("'%s'" % word
                         for word in (self.copied(name),) + args)
        self.settings[key] = self.script(name, 'exec %s "$@"\n' % words)

    def write_secrets(self):
        super().write_secrets()
        for name in "sclone.password", "sclone.key":
            self.give(self.path(name))

    def start_scloned(self, wait=True):
        units = self.path("units")
        os.makedirs(units + "/scloned.service.d")
        shutil.copy(labsclone.build_path("etc/scloned.service"), units)
        self.write("units/network-online.target", EMPTY)
        self.write("units/scloned.service.d/lab.conf", DROPIN % {
            "user": USER,
            "out": self.path("scloned.out"), "site": self.dir,
            "build": self.copy.name, "options": self.options,
            "command": "%s --config %s --slurm-helper %s" % (
                self.copied("scloned"), self.path("sclone.conf"),
                self.copied("scloned-slurm"))})
        child = self.spawn("systemd", [
            "unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts",
            "--ipc", "--cgroup", "sh", "-c", START, units])
        labslurm.await_(lambda: child.poll() is not None or
                        self.is_serving(), "scloned in its unit")
        if child.poll() is not None:
            raise labslurm.Late("systemd ended: " + self.tail("systemd.out"))

    def pids(self, name):
        """Of a program, as this side of the namespace counts."""
        found = subprocess.run(
            ["pgrep", "-f", "^" + self.copied(name) + " "],
            stdout=subprocess.PIPE, text=True).stdout.split()
        return [int(pid) for pid in found]

    def pid(self):
        return self.pids("scloned")[0]

    def status_of_process(self):
        with open("/proc/%d/status" % self.pid()) as file:
            return dict(line.split(":\t", 1) for line in
                        file.read().splitlines() if ":\t" in line)

    def diagnose(self):
        super().diagnose()
        tap.diag(self.tail("systemd.out", 20))

    def stop(self):
        if "systemd" in self.children:
            self.end("systemd", signal.SIGKILL)
        super().stop()
        self.copy.cleanup()
