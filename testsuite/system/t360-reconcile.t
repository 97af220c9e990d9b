#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal is lost: jobs go on, their VMs go when they end, VMs that
nobody uses go after a while, and VMs of others stay."""
import glob
import hashlib
import hmac
import os
import ssl
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

from pyVim.connect import SmartConnect  # noqa: E402
from pyVim.task import WaitForTask  # noqa: E402
from pyVmomi import vim  # noqa: E402

labslurm.require()

SPACE = uuid.UUID("43f292ef-91e1-4614-983a-8b1420ae3670")
KEY = b"0123456789abcdef" * 4
DAY = 86400


class Vcenter:
    """Somebody else at the same vCenter."""

    def __init__(self, site):
        context = ssl.create_default_context(cafile=site.path("lab/ca.pem"))
        self.instance = SmartConnect(
            host="127.0.0.1", port=site.vc_port, sslContext=context,
            user="svc-slurm@vsphere.local", pwd="open sesame")
        content = self.instance.RetrieveContent()
        self.find = content.searchIndex.FindByInventoryPath

    def clone(self, name, bios_uuid=None, **options):
        source = self.find(labsclone.TEMPLATES + "/rocky9-esx01")
        location = vim.vm.RelocateSpec(
            folder=self.find(labsclone.FOLDER),
            pool=self.find("/DC1/host/hpc/Resources/slurm"))
        spec = vim.vm.InstantCloneSpec(
            name=name, location=location, biosUuid=bios_uuid,
            config=[vim.option.OptionValue(key=key, value=value)
                    for key, value in options.items()])
        task = source.InstantClone_Task(spec)
        WaitForTask(task, si=self.instance)
        return task.info.result

    def our_clone(self, node, epoch, key=KEY):
        """A clone as sclone makes them; with another key it is forged."""
        bios = str(uuid.uuid5(SPACE, "lab/%s/%d" % (node, epoch)))
        mark = hmac.new(key, ("lab|%s|%d|%s" % (node, epoch, bios)).encode(),
                        hashlib.sha256).hexdigest()
        return self.clone(node, bios, **{
            "sclone.owner": "lab/%s/%d/%s" % (node, epoch, mark)})


def folder(site):
    status = site.status()
    return status and status["daemon"].get("folder")


def lose_journal(site):
    """As if the disk had been lost: records, and requests not taken yet."""
    if "scloned" in site.children:
        site.end("scloned")
    for path in (glob.glob(site.path("journal/*")) +
                 glob.glob(site.path("spool/*"))):
        if os.path.isfile(path):
            os.unlink(path)
    site.start_scloned()


def test_job_goes_on(site):
    job = site.sbatch("-w", "vm1", "--wrap=%s; cat %s" % (
        labsclone.BEGAN, site.path("fifo")))
    site.await_job(job, "RUNNING")
    lose_journal(site)
    tap.equal(site.phase("vm1"), "absent", "scloned knows nothing of the VM")
    labslurm.await_(lambda: folder(site), "a look at the folder")
    tap.equal(folder(site)["ours"], 2, "but sees it, and an orphan")
    tap.equal(folder(site)["foreign"], 2, "and what is not ours")
    tap.equal(site.job_state(job), "RUNNING", "the job goes on")
    with open(site.path("fifo"), "w"):
        pass
    site.await_job(job, "COMPLETED")
    labslurm.await_(lambda: "vm1" not in site.clones(),
                    "the VM to go with its job")
    site.await_state("vm1", ["POWERED_DOWN"], ["POWERING_DOWN"])
    tap.ok(True, "at the job's end its VM goes")
    tap.equal(sum(site.tenants(), []), [job], "it ran once")


def test_given_up(site):
    """Slurm waits for a release whose request was lost with the spool."""
    job = site.sbatch("-w", "vm2", "--wrap=sleep 1000")
    site.await_job(job, "RUNNING")
    site.end("scloned")
    site.run("scancel", str(job))
    site.await_state("vm2", ["POWERING_DOWN"])
    labslurm.await_(lambda: any(os.path.isfile(path) for path in
                                glob.glob(site.path("spool/*"))),
                    "the request to be spooled")
    lose_journal(site)
    labslurm.await_(lambda: "vm2" not in site.clones(), "the VM to go")
    site.await_state("vm2", ["POWERED_DOWN"], ["POWERING_DOWN"])
    tap.ok(True, "a VM that Slurm has given up goes at once")


def slurmctld_started(site):
    text = site.scontrol("show", "config")
    when = text.split("BOOT_TIME")[1].split("=")[1].split()[0]
    return time.mktime(time.strptime(when, "%Y-%m-%dT%H:%M:%S"))


def test_orphan(site):
    lose_journal(site)
    reply = site.reconcile("--now")
    seen = reply["differences"]["vm3"]
    tap.equal((seen["vcenter"], seen["slurm"], seen["event"]),
              ("newer", "off", "FOUND"), "a VM that nobody uses is seen")
    early = reply["at"] / 1e6 - slurmctld_started(site) < 120
    tap.equal("slurmctld was started" in seen["wait"], early,
              "nothing is done soon after slurmctld's start")
    tap.ok(not seen["done"], "nor at first sight")
    site.jump(121)
    seen = site.reconcile("--now")["differences"]["vm3"]
    tap.ok(seen["done"], "it goes after two sightings")
    labslurm.await_(lambda: "vm3" not in site.clones(), "the orphan to go")
    labslurm.await_(lambda: site.history("vm3"), "its record")
    rows = site.history("vm3")
    tap.equal([row["outcome"] for row in rows], ["ORPHAN"],
              "and leaves a record")


def test_stray(site, vcenter):
    """A VM of a node that was taken out of sclone.conf, and of Slurm."""
    epoch = int((time.time() - 2 * DAY) * 1e6)
    vcenter.our_clone("old7", epoch)
    seen = site.reconcile("--now")
    tap.equal([(row["node"], row["vm_epoch"]) for row in seen["strays"]],
              [("old7", epoch)], "a VM of a former node is listed")
    tap.contains(site.sclone("status", check=False)[1],
                 "1 of nodes not in sclone.conf", "and counted")
    site.reconcile_twice()
    tap.ok("old7" in site.clones(), "it is not released by itself")
    for name, what in (("pet", "a stranger's VM"), ("vm3", "no VM at all")):
        code, _ = site.sclone("release", name, check=False)
        tap.equal(code, 2, "%s cannot be released by hand" % what)
    site.sclone("release", "old7")
    labslurm.await_(lambda: "old7" not in site.clones(), "the stray to go")
    labslurm.await_(lambda: site.history("old7"), "its record")
    tap.equal(site.history("old7")[0]["epoch"], epoch,
              "released by hand it goes the usual way")
    labslurm.await_(lambda: not site.status()["nodes"], "its end")
    site.reconcile("--now")
    tap.equal(site.sclone("status", "old7", check=False)[0], 2,
              "then its name is forgotten")


def test_others(site, others):
    tap.equal(site.clones(), sorted(others), "the others' VMs are there")
    touched = [entry for entry in site.witness()
               if entry.get("name") in others and entry["event"] in (
                   "vm_powered_off", "vm_reconfigured", "vm_reset",
                   "vm_destroyed", "vm_unregistered")]
    tap.equal(touched, [], "nobody has touched them")
    text = site.sclone("status", check=False)[1]
    tap.contains(text, "2 of others", "sclone status tells of them")
    job = site.sbatch("-w", "vm4", "--wrap=" + labsclone.BEGAN)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(site.clones(), sorted(others), "and goes on working")


def test_left(site):
    """A node is taken out of slurm.conf and sclone.conf while it serves."""
    job = site.sbatch("-w", "vm4", "--wrap=sleep 1000")
    site.await_job(job, "RUNNING")
    labslurm.await_(lambda: site.phase("vm4") == "ready", "scloned to see it")
    site.end("slurmctld")
    site.nodes.remove("vm4")
    site.nodes_text = "vm[1-3]"
    site.write_conf()
    site.write_sclone_conf()
    site.nodes.append("vm4")  # its name still resolves, see with_hosts()
    site.start_slurmctld()
    site.sclone("reload")
    labslurm.await_(lambda: site.sclone("reconcile", "--now",
                                        check=False)[0] <= 1 and
                    "vm4" in site.reconcile()["differences"],
                    "the difference")
    seen = site.reconcile()["differences"]["vm4"]
    tap.equal(seen["slurm"], "missing", "a serving node that Slurm has not")
    tap.contains(seen["text"], "sclone release", "is for an admin to end")
    site.reconcile_twice()
    tap.ok("vm4" in site.clones(), "and not by itself")
    site.sclone("release", "vm4")
    labslurm.await_(lambda: "vm4" not in site.clones(), "the VM to go")
    labslurm.await_(lambda: site.history("vm4")[0]["outcome"] == "ADMIN",
                    "its record")
    labslurm.await_(lambda: not site.status()["nodes"], "its end")
    tap.ok(True, "released by hand it goes")


with labsclone.Site(nodes=4) as site:
    site.wrap_programs()
    site.write_secrets()
    site.start_vclab()
    site.write_sclone_conf()
    site.start_slurm()
    os.mkfifo(site.path("fifo"))
    site.set_mode("dead")
    vcenter = Vcenter(site)
    vcenter.our_clone("vm3", int((time.time() - 2 * DAY) * 1e6))
    vcenter.our_clone("forged", 7, b"another key")
    vcenter.clone("pet")
    site.set_mode("")
    site.start_scloned()
    test_job_goes_on(site)
    test_given_up(site)
    test_orphan(site)
    test_stray(site, vcenter)
    test_others(site, ["forged", "pet"])
    test_left(site)
sys.exit(tap.done())
