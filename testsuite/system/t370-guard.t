#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clones that the guard does not let go: they stay, the node says why, and
they go when the cause is gone. Nothing of the sources is touched."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SOURCE = labsclone.TEMPLATES + "/rocky9-esx01"
OURS = labsclone.FOLDER + "/"


def source_files(site):
    """Everything in the sources' directories, byte for byte."""
    files = {}
    for path in glob.glob(site.path("lab/datastores/*/rocky9-*/*")):
        with open(path, "rb") as file:
            files[path] = file.read()
    return files


def harm(site, vm, action, **more):
    site.lab("vm", vm=vm, action=action, **more)


def start_job(site, node):
    job = site.sbatch("-w", node, "--wrap=while [ ! -e %s ]; do sleep 0.05; "
                      "done" % site.path("end-" + node))
    site.await_job(job, "RUNNING")
    return job


def refused(site, node):
    status = site.status(node)
    return status and status["nodes"][0].get("refused")


def check_kept(site, node, text):
    """Refused, and said so everywhere; the VM is there."""
    labslurm.await_(lambda: refused(site, node), "a refusal of " + node)
    tap.contains(refused(site, node), text, node + ": refused")
    code, shown = site.sclone("status", node, check=False)
    tap.contains(shown, "kept by the guard: ", "sclone status shows why")
    tap.contains(shown, text, "with the reason")
    tap.equal(code, 1, "and warns")
    site.await_state(node, have={"DRAIN"})
    reason = "Reason=sclone: (GUARD) "
    shown = labslurm.await_(
        lambda: reason in site.scontrol("show", "node", node) and
        site.scontrol("show", "node", node), "the reason of " + node)
    tap.contains(shown.partition(reason)[2], text, "as does scontrol")
    gone = [e for e in site.witness("vm_destroyed") if e["name"] == node]
    tap.equal(gone, [], "the VM is there")


def check_gone(site, node):
    labslurm.await_(lambda: site.phase(node) == "absent",
                    "the VM of %s to go" % node)
    site.await_state(node, have={"IDLE", "POWERED_DOWN"}, lack={"DRAIN"})
    tap.ok(True, node + ": goes with the cause, and the node is in service")


def test_all(site):
    """Each node with its own harm; they do not stand in each other's way."""
    jobs = [start_job(site, "vm%d" % (n + 1)) for n in range(5)]
    before = source_files(site)
    harm(site, OURS + "vm1", "attach", **{"from": SOURCE})
    harm(site, OURS + "vm2", "move", folder=labsclone.TEMPLATES)
    harm(site, OURS + "vm3", "template")
    harm(site, OURS + "vm4", "bar", property="config.uuid",
         type="NoPermission")
    for n in range(5):
        site.write("end-vm%d" % (n + 1), "")
    for job in jobs:
        site.await_job(job, "COMPLETED")
    check_gone(site, "vm5")
    check_kept(site, "vm1", "not in the VM's own directory")
    check_kept(site, "vm2", "not in the clone folder")
    check_kept(site, "vm3", "marked as a template")
    check_kept(site, "vm4", "biosUuid or owner key cannot be read")
    off = {e["name"] for e in site.witness("vm_powered_off")}
    tap.equal(off & {"vm%d" % (n + 1) for n in range(5)}, {"vm1", "vm5"},
              "who is in doubt before that is not even powered off")
    # The refused one runs again before the cause is gone.
    harm(site, OURS + "vm1", "power_on")
    harm(site, OURS + "vm1", "detach")
    harm(site, labsclone.TEMPLATES + "/vm2", "move", folder=labsclone.FOLDER)
    harm(site, OURS + "vm3", "template", on=False)
    harm(site, OURS + "vm4", "unbar")
    for n in range(4):
        check_gone(site, "vm%d" % (n + 1))
    tap.equal(len([e for e in site.witness("vm_powered_off")
                   if e["name"] == "vm1"]), 2,
              "the one that ran again was powered off again")
    tap.equal(source_files(site), before,
              "the sources' files are what they were, byte for byte")
    tap.equal(site.clones(), [], "no VM is left")


with labsclone.Site(nodes=5, sources=2) as site_:
    site_.start()
    test_all(site_)
sys.exit(tap.done())
