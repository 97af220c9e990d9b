#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A folder in Sources=: its sources are used as they come, and leave without
harm to what runs; a reload and a restart keep them, also while the folder is
away."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402
from labslurm import await_  # noqa: E402

labslurm.require()

FOLDER = labsclone.TEMPLATES + "/rocky9"
ATTIC = labsclone.TEMPLATES + "/attic"
FIRST, SECOND, RAW = ("rocky9-esx%02d" % n for n in (1, 2, 3))
TEST = "vmtest"


class Site(labsclone.Site):
    def __init__(self):
        super().__init__(nodes=3, sources=3)
        self.template_keys["rocky9"] = {"Sources": FOLDER + "/"}
        self.more.append("NodeName=%s Port=%d State=CLOUD %s" % (
            TEST, labslurm.free_ports(1)[0], self.node_settings))

    def _source(self, template, name):
        source = super()._source(template, name)
        source["folder"] = ATTIC if name == SECOND else FOLDER
        if name == RAW:
            source["extraConfig"] = {}
        return source

    def inventory(self):
        inventory = super().inventory()
        inventory["folders"] += [FOLDER, ATTIC]
        return inventory

    def sclone_conf(self):
        return super().sclone_conf() + \
            "NodeName=%s Templates=rocky9 Test=yes\n" % TEST

    def names(self):
        return [row["path"].rpartition("/")[2]
                for row in self.status()["sources"]]

    def await_sources(self, *names):
        await_(lambda: self.names() == list(names), "sources " +
               ",".join(names))

    def await_frozen(self, name):
        await_(lambda: [row["state"] for row in self.status()["sources"]
                        if row["path"].endswith(name)] == ["frozen"],
               name + " to be frozen")

    def move(self, name, folder):
        self.lab("vm", vm=name, action="move", folder=folder)

    def template(self, *args):
        return self.sclone("template", *args, check=False)

    def made_from(self, node):
        return self.history(node)[0]["source"].rpartition("/")[2]


def test_first(site):
    site.await_sources(FIRST)
    site.await_frozen(FIRST)
    tap.equal([(row["path"], row["why"].split(":")[0])
               for row in site.status()["refused"]],
              [("%s/%s" % (FOLDER, RAW), "it does not say what it is")],
              "what lies there and is no source is named, and why")
    for command in (["status"], ["template", "show", "rocky9"]):
        tap.contains(site.sclone(*command, check=False)[1],
                     "sclone-guest has not frozen it yet",
                     "in sclone " + " ".join(command))


def test_comes(site):
    site.move(SECOND, FOLDER)
    site.await_sources(FIRST, SECOND)
    site.await_frozen(SECOND)
    tap.equal(site.template("drain", FIRST)[0], 0, "a member can be drained")
    code, text = site.sclone("--json", "plan", "vm1", check=False)
    tap.equal((code, json.loads(text)["nodes"][0]["source"]),
              (0, "%s/%s" % (FOLDER, SECOND)), "sclone plan knows the new one")
    site.sclone("snapshot", site.path("snapshot.json"))
    code, text = site.sclone("--json", "plan", "vm1", "--snapshot",
                             site.path("snapshot.json"), check=False)
    tap.equal((code, json.loads(text)["nodes"][0]["source"]),
              (0, "%s/%s" % (FOLDER, SECOND)), "a snapshot, too")
    code, text = site.template("test", "--json", SECOND)
    tap.equal((code, json.loads(text)[0]["test"]["result"]), (0, "passed"),
              "it can be tested")


def test_leaves(site):
    """While a clone of it runs, and another is made."""
    job = site.sbatch("-w", "vm1", "--wrap=sleep 600")
    site.await_job(job, "RUNNING")
    site.template("undrain", FIRST)
    site.block("%s/%s" % (FOLDER, FIRST))
    other = site.sbatch("-w", "vm2", "--wrap=true")
    await_(lambda: site.phase("vm2") == "cloning", "vm2 to be cloned")
    site.move(SECOND, ATTIC)
    await_(lambda: any(row["path"].endswith(SECOND) and
                       row["state"] == "missing"
                       for row in site.status()["sources"]),
           "the source to be out of use")
    site.sclone("reload")
    tap.equal(site.names(), [FIRST, SECOND],
              "a reload in the middle keeps them")
    site.unblock("%s/%s" % (FOLDER, FIRST))
    site.await_job(other, "COMPLETED")
    await_(lambda: site.phase("vm2") == "absent", "vm2 to be gone")
    tap.equal((site.made_from("vm2"), site.job_state(job)),
              (FIRST, "RUNNING"),
              "what runs of it lives on, others are made elsewhere")
    site.run("scancel", str(job))
    site.await_clean()
    tap.equal(site.made_from("vm1"), SECOND, "and its last clone goes well")
    site.sclone("reload")
    site.await_sources(FIRST)
    site.await_frozen(FIRST)


def test_folder_away(site):
    site.end("scloned")
    site.lab("folder", folder=FOLDER, name="elsewhere")
    site.start_scloned()
    tap.equal(site.names(), [FIRST], "a restart keeps them without the folder")
    tap.contains(site.template("show", "rocky9")[1], "no such folder",
                 "which is said")
    site.await_frozen(FIRST)
    job = site.sbatch("-w", "vm3", "--wrap=true")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(site.made_from("vm3"), FIRST, "and they are cloned")
    tap.equal(sorted(vm["name"] for vm in site.lab("vms")["vms"]),
              [FIRST, SECOND, RAW], "no source is lost")


with Site() as site:
    site.start()
    test_first(site)
    test_comes(site)
    test_leaves(site)
    test_folder_away(site)
sys.exit(tap.done())
