# SPDX-License-Identifier: GPL-2.0-or-later
"""A site whose clones are real machines: QEMU guests that wake copy-on-write
from a frozen source and run the installed slurmd.

It needs namespaces of its own, see prepare(): a bridge with the controller's
address on it, a tap for each guest.
"""
import os
import shutil
import socket
import subprocess
import sys

import guests
import labsclone
import labslurm
from labslurm import await_

BRIDGE = "lab0"
CONTROLLER = "10.20.255.254"
MUNGE_SOCKET = "/run/munge/munge.socket.2"
SOURCE_TREE = os.path.dirname(os.path.dirname(labsclone.HERE))


def make_image(*options):
    """Build or find the guests' image; its directory, which stands in a
    cache ($SCLONE_LAB_CACHE, or mkimage's own)."""
    done = subprocess.run(
        [os.path.join(SOURCE_TREE, "testsuite/lib/mkimage"),
         "--guest", labsclone.build_path("src/guest/sclone-guest"),
         "--rpctool", labsclone.build_path("testsuite/vclab/rpctool"),
         *options],
        stdout=subprocess.PIPE, timeout=600, text=True, check=True)
    return done.stdout.splitlines()[-1]


def prepare(*options):
    """The image's directory, in namespaces made for it."""
    return prepare_all(rocky9=options)["rocky9"]


def prepare_all(**options):
    """Build an image for each template, with its options, then start this
    program again in namespaces made for it: the network with a bridge, and a
    /run/munge of its own, since the guests' slurm.conf and the controller's
    name one socket. They go with their last process. Returns the images'
    directories by template, inside."""
    if os.environ.get("SCLONE_LAB") != "inside":
        guests.be_alone()
        if "SCLONE_LAB_IMAGE" not in os.environ:
            os.environ["SCLONE_LAB_IMAGE"] = os.pathsep.join(
                make_image(*words) for words in options.values())
        os.environ["SCLONE_LAB"] = "inside"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--",
                              sys.executable] + sys.argv)
    os.makedirs("/run/munge", exist_ok=True)
    for line in ("mount -t tmpfs -o mode=755 tmpfs /run/munge",
                 "ip link set lo up",
                 # A fixed address: a bridge takes the lowest of its ports
                 # else, and taps come and go.
                 "ip link add %s address 02:00:00:00:00:fe type bridge"
                 % BRIDGE,
                 "ip addr add %s/16 dev %s" % (CONTROLLER, BRIDGE),
                 "ip link set %s up" % BRIDGE):
        subprocess.run(line.split(), check=True)
    return dict(zip(options,
                    os.environ["SCLONE_LAB_IMAGE"].split(os.pathsep)))


class QemuSite(labsclone.Site):
    """Sources boot and freeze themselves before start() returns. image: the
    one of the template rocky9, or a dictionary of all templates' ones."""

    def __init__(self, image, nodes=4, memory_mb=256, sources=1):
        super().__init__(nodes=nodes, lanes=4, sources=sources)
        self.images = image if isinstance(image, dict) else {"rocky9": image}
        self.cache = os.path.dirname(self.images["rocky9"])
        self.memory_mb = memory_mb
        self.keep_source = True  # frozen sources are kept in the cache
        host = socket.gethostname().split(".")[0]
        self.settings["SlurmctldHost"] = "%s(%s)" % (host, CONTROLLER)
        self.settings["SlurmdSpoolDir"] = "/var/spool/slurmd"
        self.settings["SlurmdPidFile"] = "/run/slurmd.pid"
        self.settings["SlurmdLogFile"] = "/run/slurmd.log"
        self.settings.pop("CommunicationParameters")
        self.ports = [self.ports[0]] + [6818] * nodes
        self.settings["AuthInfo"] = "socket=" + MUNGE_SOCKET
        self.node_settings = ("CPUs=1 RealMemory=100 Feature=" +
                              ",".join(self.images))

    def write_conf(self):
        super().write_conf()
        # No cgroups in the guests; detecting which kind fails there.
        self.write("cgroup.conf", "CgroupPlugin=cgroup/v1\n")

    def start_munged(self):
        """With the key that is in the guests' image."""
        shutil.copy(os.path.join(self.cache, "munge.key"),
                    self.path("munge.key"))
        os.chmod(self.path("munge.key"), 0o400)
        self.spawn("munged", [
            "munged", "--foreground", "--force",
            "--key-file=" + self.path("munge.key"),
            "--socket=" + MUNGE_SOCKET,
            "--pid-file=" + self.path("munge.pid"),
            "--log-file=" + self.path("munge.log"),
            "--seed-file=" + self.path("munge.seed")])
        await_(lambda: os.path.exists(MUNGE_SOCKET), "munged")

    def is_up(self):
        try:
            socket.create_connection((CONTROLLER, self.ports[0]), 1).close()
        except OSError:
            return False
        return self.run("scontrol", "ping", check=False)[0] == 0

    def job_place(self):
        return "--chdir=/tmp", "--output=/tmp/job-%j.out"

    def _guest(self, source):
        template = next(name for name, found in self.template_sources.items()
                        if source in found)
        guest = {"kind": "qemu", "image": self.images[template],
                 "bridge": BRIDGE}
        if self.keep_source:
            guest["cache"] = self.cache
        return guest

    def inventory(self):
        inventory = super().inventory()
        for source in inventory["sources"]:
            source.update(memory_mb=self.memory_mb, frozen=False)
        return inventory

    def sclone_conf(self):
        return super().sclone_conf().rstrip("\n") + (
            " NodeAddr=10.20.0.1+/16 Gateway=%s ConfServer=%s:%s\n"
            % (CONTROLLER, CONTROLLER, self.ports[0]))

    def start_vclab(self):
        super().start_vclab()
        await_(self.is_frozen, "the template to boot and freeze",
               2 * labslurm.BOUND)

    def is_frozen(self):
        return len(self.witness("vm_frozen")) >= len(self.sources)

    def qemu_pids(self):
        """The guests' processes, by the lab's directory on their command
        lines."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    line = file.read()
            except OSError:
                continue
            if b"qemu-system" in line and self.dir.encode() in line:
                found.append(int(name))
        return found
