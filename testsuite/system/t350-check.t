#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sclone check: fine on a good site, and the right line on a broken one."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

POWER_OFF = "VirtualMachine.Interact.PowerOff"
DELETE = "VirtualMachine.Inventory.Delete"
FILES = "Datastore.FileManagement"


class Site(labsclone.Site):
    """Up to slurmctld; more accounts, one that may too little and two that
    may too much."""

    def inventory(self):
        inventory = super().inventory()
        for host in inventory["hosts"]:
            host["memory_mb"] = (1 + len(self.nodes) // 2) * 512
        cloner = labsclone.ROLES["Cloner"][2]
        source = labsclone.ROLES["Source"][2]
        inventory["networks"] = [{"name": "far", "host": "esx02"}]
        inventory["roles"]["Weak"] = [name for name in cloner
                                      if not name.endswith(".Delete")]
        inventory["roles"]["Strong"] = source + [POWER_OFF, DELETE]
        inventory["roles"]["Keeper"] = labsclone.ROLES["Store"][2] + [FILES]
        user = inventory["users"][0]
        for role, instead in (("Weak", "Cloner"), ("Strong", "Source"),
                              ("Keeper", "Store")):
            inventory["users"].append(dict(
                user, name=role.lower(),
                permissions=[dict(p, role=role) if p["role"] == instead else p
                             for p in user["permissions"]]))
        return inventory

    def start_without_scloned(self):
        self.settings["Epilog"] = "/bin/true"
        self.wrap_programs()
        self.write_secrets()
        self.start_vclab()
        self.write_sclone_conf()
        labslurm.Cluster.start(self)

    def expect(self, code, topic, level, part, what, **how):
        """One finding of the topic, of this level, with this text."""
        got, text, topics = self.check(**how)
        found = [line for line in topics.get(topic, [])
                 if line.startswith(level + ": ") and part in line]
        if not tap.ok(got == code and len(found) == 1, what):
            tap.diag("status %d, want %d" % (got, code))
            tap.diag(text)

    def with_conf(self, code, topic, level, part, what, **keys):
        """The same, with other keys in sclone.conf."""
        self.config = keys
        self.write_sclone_conf()
        self.expect(code, topic, level, part, what)
        self.config = {}
        self.write_sclone_conf()


def test_good(site):
    code, text, topics = site.check()
    tap.equal(code, 0, "a good site: exit status 0")
    tap.ok(all(line.startswith("ok: ") for lines in topics.values()
               for line in lines), "and every line is ok")
    tap.contains(topics["scloned"][0], "not running", "before the first start")
    code, text, _ = site.check("--json")
    reply = json.loads(text)
    tap.equal((code, reply["worst"]), (0, "ok"), "the same as JSON")
    tap.ok(len(reply["findings"]) > 30 and
           all(set(row) == {"level", "topic", "text"}
               for row in reply["findings"]), "a row for each finding")
    tap.equal(len(site.witness("login")), 2, "each check logged in once")
    tap.equal([e["why"] for e in site.witness("session_end")],
              ["logout", "logout"], "and out again")


def test_room(site):
    """What vCenter says of two hosts, with room for half of the nodes each,
    and of their datastore."""
    nodes = len(site.nodes)
    site.with_conf(1, "capacity", "warn", "%d nodes, but MaxClones= of all "
                   "nodes allows 1," % nodes, "too small a MaxClones=",
                   MaxClones=1)
    site.template_keys = {"rocky9": {"MemoryGrowth": 101}}
    site.with_conf(1, "capacity", "warn", "memory for %d clones of 518 MiB"
                   % (nodes // 2), "too little memory")
    site.template_keys = {"rocky9": {"DiskGrowth": 1048576 // 2}}
    site.with_conf(1, "capacity", "warn", "space for 1 clones of %d MiB" %
                   (1048576 // 2 + 512), "too little space")
    site.template_keys = {}
    site.write_sclone_conf()


def test_files(site):
    site.write("sclone.password", "wrong\n", 0o600)
    before = len(site.witness("login_failed"))
    site.expect(2, "vcenter", "FAIL", "check User= and the password",
                "a wrong password")
    tap.equal(len(site.witness("login_failed")) - before, 1,
              "which is tried once")
    site.write("sclone.password", "open sesame\n", 0o644)
    site.expect(2, "password", "FAIL", "chmod 600",
                "a password that others can read")
    site.write_secrets()
    os.chmod(site.path("sclone.key"), 0o640)
    site.expect(2, "key", "FAIL", "chmod 600", "a key that others can read")
    site.write_secrets()
    site.with_conf(2, "config", "FAIL", "sclone.conf:",
                   "an unknown key in sclone.conf", Colour="red")
    os.chmod(site.dir, 0o777)
    site.expect(2, "spool", "FAIL", "others can write in " + site.dir,
                "a spool below a directory that others can write")
    os.chmod(site.dir, 0o755)
    site.with_conf(2, "spool", "FAIL", "install -d", "no spool",
                   SpoolDir=site.path("nowhere"))


def test_vcenter(site):
    site.with_conf(2, "vcenter", "FAIL", "CACert=",
                   "a certificate of an unknown authority", CACert=None)
    site.with_conf(2, "folder", "FAIL", "correct Folder=", "no such folder",
                   Folder="/DC1/vm/other")
    site.with_conf(2, "pool", "FAIL", "correct ResourcePool=", "no such pool",
                   ResourcePool="/DC1/host/hpc/Resources/other")
    site.with_conf(1, "certificate", "warn", "Insecure=yes",
                   "no verification: a warning", Insecure="yes")
    site.lab("vm", vm="rocky9-esx01", action="thaw")
    site.expect(2, "sources", "FAIL", "rocky9-esx01 runs but is not frozen",
                "a source that is not frozen")
    site.lab("vm", vm="rocky9-esx01", action="freeze")
    site.lab("fault", kind="host_lost", host="esx02")
    site.expect(1, "hosts", "warn", "esx02", "a host that is away")
    site.lab("fault", kind="host_lost", host="esx02", lost=False)
    site.lab("vm", vm="rocky9-esx01", action="set",
             key="guestinfo.sclone.template", value="")
    site.expect(1, "record", "warn", "rocky9-esx01",
                "a source that does not say what it is")
    site.template_keys = {"rocky9": {"Sources": labsclone.TEMPLATES + "/"}}
    site.with_conf(1, "members", "warn", "rocky9-esx01 is no source: it does "
                   "not say what it is", "such a VM in a folder of sources")
    site.template_keys = {}
    site.lab("vm", vm="rocky9-esx01", action="set",
             key="guestinfo.sclone.template", value=labsclone.RECORD)
    more, site.conf_more = site.conf_more, " Network=/DC1/network/far"
    site.with_conf(2, "portgroups", "FAIL", "esx01, the host of %s/"
                   "rocky9-esx01, does not have the portgroup "
                   "/DC1/network/far" % labsclone.TEMPLATES,
                   "a host without the clones' portgroup")
    site.conf_more = more
    site.write_sclone_conf()


def test_privileges(site):
    site.with_conf(2, "privileges", "FAIL",
                   "VirtualMachine.Inventory.Delete is missing on the clone "
                   "folder slurm-clones", "a privilege is missing",
                   User="weak")
    site.with_conf(2, "excess", "FAIL",
                   POWER_OFF + " on the source rocky9-esx[01-02]",
                   "a privilege too many", User="strong")
    site.with_conf(2, "excess", "FAIL",
                   DELETE + " on the source rocky9-esx[01-02]",
                   "another one, that could cost a source", User="strong")
    site.with_conf(2, "excess", "FAIL", FILES + " on the datastore ds1",
                   "and one that could cost its files", User="keeper")


def test_slurm(site):
    site.expect(1, "names", "warn", "vm1 does not resolve",
                "nodes whose names do not resolve", hosts=False)
    site.scontrol("update", "PartitionName=vm", "OverSubscribe=NO")
    site.expect(2, "exclusive", "FAIL", "partition vm",
                "a partition that is not exclusive")
    site.scontrol("update", "PartitionName=vm", "OverSubscribe=EXCLUSIVE")
    program = site.settings["SuspendProgram"]
    site.settings["SuspendProgram"] = "/bin/true"
    site.settings["ReturnToService"] = "1"
    del site.settings["Epilog"]
    site.write_conf()
    site.scontrol("reconfigure")
    site.expect(2, "SuspendProgram", "FAIL", "it is /bin/true",
                "another SuspendProgram")
    site.expect(2, "ReturnToService", "warn", "it is 1", "ReturnToService=1")
    site.expect(2, "Epilog", "warn", "not set, so that what a job wrote",
                "no Epilog")
    site.settings["Epilog"] = "/bin/true"
    site.settings["SuspendProgram"] = program
    site.settings["ReturnToService"] = "2"
    site.write_conf()
    site.scontrol("reconfigure")


def test_generate(site):
    """What it prints for slurm.conf is what slurmctld can be run with."""
    def generate(*what):
        return site.run(labslurm.program("sclone"), "--config",
                        site.path("sclone.conf"), "generate", *what,
                        check=False)
    helper = labsclone.build_path("src/scloned-slurm/scloned-slurm")
    code, text = generate("slurm-conf", "--slurm-helper", helper)
    tap.equal(code, 0, "generate slurm-conf")
    for line in ("NodeName=vm[1-4] CPUs=1 Boards=1 SocketsPerBoard=1 ",
                 " Feature=rocky9 State=CLOUD", "PrivateData=cloud",
                 "Epilog=/etc/slurm/epilog",
                 "PartitionName=vm Nodes=vm[1-4] OverSubscribe=EXCLUSIVE"):
        tap.contains(text, line, "it prints " + line)
    settings = ["%s=%s" % pair for pair in site.settings.items()
                if pair[0] + "=" not in text]
    site.write("slurm.conf", "\n".join(settings) + "\n" + text)
    site.end("slurmctld")
    site.start_slurmctld()
    code, text, topics = site.check()
    bad = [line for line in text.splitlines() if not line.startswith("ok")]
    tap.equal([line for line in bad if "Program" not in line and
               "Prolog" not in line], [], "sclone check has nothing to say")
    site.write_conf()
    site.end("slurmctld")
    site.start_slurmctld()
    code, text = generate("hosts")
    tap.equal(code, 2, "generate hosts, with dhcp")
    tap.contains(text, "no node has a fixed address", "says why not")


def test_running(site):
    site.start_scloned()
    job = site.sbatch("--wrap=true")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    code, text, topics = site.check()
    tap.equal((code, topics["scloned"]), (0, ["ok: running"]),
              "beside a running scloned")
    tap.equal(topics["ResumeTimeout"], ["ok: long enough for clones"],
              "whose history is taken into account")
    site.end("scloned")
    site.end("slurmctld")
    site.expect(2, "slurm", "FAIL", "slurmctld", "slurmctld is away")
    site.end("vclab")
    site.expect(2, "vcenter", "FAIL", "see whether vCenter is up",
                "vCenter is away")


with Site(nodes=4, sources=2) as site_:
    site_.start_without_scloned()
    test_good(site_)
    test_room(site_)
    test_files(site_)
    test_vcenter(site_)
    test_privileges(site_)
    test_slurm(site_)
    test_generate(site_)
    test_running(site_)
sys.exit(tap.done())
