#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An admin's drain outlives the power cycle of the node, which clears it."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()



def run_job(site, node):
    """A job that runs until its file appears."""
    job = site.sbatch("-w", node, "--wrap=while [ ! -e %s ]; do sleep 0.05; "
                      "done" % site.path("end-" + node))
    site.await_job(job, "RUNNING")
    return job


def end_job(site, node, job):
    site.write("end-" + node, "")
    site.await_job(job, "COMPLETED")


def await_drained(site, node, reason):
    """Drained again after the VM is gone. Slurm would forget the drain if it
    were told that the name is free, so it may go on powering down."""
    labslurm.await_(lambda: not site.status(node)["nodes"] or
                    site.status(node)["nodes"][0]["phase"] == "absent",
                    "the VM of %s to go" % node)
    site.await_state(node, have={"DRAIN"}, lack={"POWER_DOWN"})
    return labslurm.await_(
        lambda: "Reason=" + reason in site.scontrol("show", "node", node),
        "the reason of %s" % node)


def test_drain_seen(site):
    """scloned had time to see the drain."""
    job = run_job(site, "vm1")
    site.update_node("vm1", "drain", "disk check")
    end_job(site, "vm1", job)
    await_drained(site, "vm1", "disk check")
    tap.ok(True, "a drain set while the job ran is there after the cycle")


def test_drain_late(site):
    """The node is suspended right after the drain: nobody saw it."""
    job = run_job(site, "vm2")
    site.write("end-vm2", "")
    site.update_node("vm2", "drain", "at the last moment")
    site.await_job(job, "COMPLETED")
    await_drained(site, "vm2", "at the last moment")
    tap.ok(True, "so is one set as the job ends")


def test_drain_while_booting(site):
    job = site.sbatch("-w", "vm3", "--wrap=true")
    labslurm.await_(lambda: "vm3" in site.clones(), "the clone")
    site.update_node("vm3", "drain", "while it boots")
    await_drained(site, "vm3", "while it boots")
    tap.equal(site.show("job", job)["Restarts"], "1",
              "and one set while the node boots, though Slurm requeues the "
              "job")
    site.run("scancel", str(job))
    site.write("go-vm3", "")


def test_undrained(site):
    """What the admin took back stays away."""
    job = run_job(site, "vm4")
    site.update_node("vm4", "drain", "a mistake")
    site.update_node("vm4", "undrain")
    end_job(site, "vm4", job)
    site.await_state("vm4", have={"IDLE", "POWERED_DOWN"},
                     lack={"POWERING_DOWN", "POWER_DOWN"})
    tap.ok("DRAIN" not in site.state("vm4"),
           "a drain that was taken back does not return")


def test_undrained_unseen(site):
    """scloned saw the drain, but not its end."""
    os.unlink(site.path("end-vm4"))
    job = run_job(site, "vm4")
    before = len(site.steps("vm4"))
    site.update_node("vm4", "drain", "a mistake")
    labslurm.await_(lambda: [text for _, text in site.steps("vm4")[before:]
                             if text.startswith("NODE_STATE")], "a look")
    site.children["scloned"].send_signal(signal.SIGSTOP)
    site.update_node("vm4", "undrain")
    end_job(site, "vm4", job)
    site.await_state("vm4", have={"POWERING_DOWN"})
    site.children["scloned"].send_signal(signal.SIGCONT)
    site.await_state("vm4", have={"IDLE", "POWERED_DOWN"},
                     lack={"POWERING_DOWN", "POWER_DOWN"})
    tap.ok("DRAIN" not in site.state("vm4"),
           "nor does one of which only the beginning was seen")


def test_released(site):
    tap.ok("POWERING_DOWN" in site.state("vm3"),
           "a drained node's name is not given back")
    site.update_node("vm3", "undrain")
    site.await_state("vm3", have={"IDLE", "POWERED_DOWN"},
                     lack={"POWERING_DOWN", "DRAIN"})
    tap.ok(True, "undrained, it is free long before SuspendTimeout")
    for node in site.nodes[:2]:
        site.update_node(node, "resume")
    job = site.sbatch("-N3", "-w", "vm[1-3]", "--wrap=true")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal([site.state(node) for node in site.nodes],
              4 * [{"IDLE", "CLOUD", "POWERED_DOWN"}],
              "resumed by the admin, all nodes serve again")


def test_leftover(site):
    """Slurm's own drain for what a job has left on its VM."""
    site.write("epilog-fails", "")
    os.unlink(site.path("end-vm4"))
    job = run_job(site, "vm4")
    end_job(site, "vm4", job)
    labslurm.await_(lambda: "drain_nodes: node vm4 state set to DRAIN" in
                    site.tail("slurmctld.log", 400), "Slurm to drain vm4")
    site.await_state("vm4", have={"IDLE", "POWERED_DOWN"},
                     lack={"POWERING_DOWN", "DRAIN"})
    site.await_clean()
    tap.ok(True, "a drain for what was on the VM goes with it")


with labsclone.Site(nodes=4, mode="slow") as site:
    site.write("epilog", "#!/bin/sh\n[ ! -e %s ]\n" %
               site.path("epilog-fails"))
    os.chmod(site.path("epilog"), 0o755)
    site.settings["Epilog"] = site.path("epilog")
    site.start()
    for name in "vm1", "vm2", "vm4":
        site.write("go-" + name, "")
    test_drain_seen(site)
    test_drain_late(site)
    test_drain_while_booting(site)
    test_undrained(site)
    test_undrained_unseen(site)
    tap.equal(site.clones(), [], "no VM is left")
    test_released(site)
    test_leftover(site)
sys.exit(tap.done())
