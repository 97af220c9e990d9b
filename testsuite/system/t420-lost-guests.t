#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real machines that are lost to their job: one that vCenter resets never
comes back as a node, one whose host's clock is wrong never becomes one. The
job is told, requeued, and runs on a clone of its own."""
import os
import ssl
import sys

from pyVim.connect import SmartConnect

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

ADMIN = ("admin@vsphere.local", "admin")
# Runs for ever, but to its end when it is run again.
SCRIPT = "test ${SLURM_RESTART_COUNT:-0} -gt 0 || sleep 600"


def await_requeue(site, job):
    labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                    "job %d to be requeued" % job)


def check_recovery(site, job, what):
    site.await_job(job, "COMPLETED")
    tap.equal(site.show("job", job)["Restarts"], "1",
              what + ": the job was requeued once, and completes")
    site.await_clean()
    tap.equal((site.clones(), site.qemu_pids()), ([], []),
              what + ": no machine is left")
    tap.equal(site.state("vm1"), {"IDLE", "CLOUD", "POWERED_DOWN"},
              what + ": the node is back")


def reset(site, name):
    """As an admin in the vSphere client, or vSphere HA."""
    context = ssl.create_default_context(cafile=site.path("lab/ca.pem"))
    link = SmartConnect(host="127.0.0.1", port=site.vc_port, user=ADMIN[0],
                        pwd=ADMIN[1], sslContext=context)
    link.content.searchIndex.FindByInventoryPath(
        labqemu.labsclone.FOLDER + "/" + name).ResetVM_Task()


def test_reset(site):
    job = site.sbatch("--wrap=" + SCRIPT)
    site.await_job(job, "RUNNING")
    frozen = len(site.witness("vm_frozen"))
    [vm] = [e["vm"] for e in site.witness("vm_created")
            if e["name"] == "vm1"]
    at = len(site.witness())
    reset(site, "vm1")
    await_requeue(site, job)
    tap.ok(True, "a machine that was reset: its job is requeued")
    check_recovery(site, job, "reset")
    after = site.witness()[at:]
    tap.equal([e["event"] for e in after if e.get("vm") == vm and
               e["event"] in ("vm_reset", "guest_off", "vm_destroyed")],
              ["vm_reset", "guest_off", "vm_destroyed"],
              "reset: it boots, powers itself off, and is destroyed")
    tap.equal([e for e in after if e.get("vm") == vm and
               e["event"] == "guest_set"], [],
              "reset: it takes no identity and reports nothing")
    tap.equal(len(site.witness("vm_frozen")), frozen,
              "reset: it is not frozen as if it were the source")


def test_clock(site):
    count = len(site.witness("vm_created"))
    site.lab("clock", ms=-60000)
    job = site.sbatch("--comment=mine", "--wrap=true")
    await_requeue(site, job)
    text = "sclone: (GUEST) host's clock is behind the controller's"
    shown = site.scontrol("show", "job", str(job))
    tap.contains(shown, text, "a wrong clock: the job is told")
    with open(site.path("slurmctld.log")) as file:
        tap.contains(file.read(), "node vm1 reason set to: " + text,
                     "a wrong clock: the node's reason says why")
    made = {e["vm"] for e in site.witness("vm_created")[count:]}
    tap.equal([e for e in site.witness("guest_set") if e["vm"] in made and
               '"state":"failed"' not in e["value"]], [],
              "a wrong clock: no identity is taken, nothing is ready")
    site.lab("clock", ms=0)
    check_recovery(site, job, "a wrong clock")


class AdminSite(labqemu.QemuSite):
    def inventory(self):
        inventory = super().inventory()
        inventory["users"].append({
            "name": ADMIN[0], "password": ADMIN[1], "permissions": [
                {"role": "Administrator", "path": "/"}]})
        return inventory


labslurm.require()
image = labqemu.prepare()

with AdminSite(image, nodes=1) as site:
    site.requeue_soon()
    site.start()
    test_reset(site)
    test_clock(site)
sys.exit(tap.done())
