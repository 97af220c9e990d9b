#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clones that cannot be made or do not come up: the job is told, requeued
and runs later; the node says why and comes back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

COMMENT = "the user's own"


def make_site(**more):
    site = labsclone.Site(nodes=2, **more)
    site.requeue_soon()
    return site


def await_requeue(site, job):
    labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                    "job %d to be requeued" % job)


def check_told(site, job, text):
    """The job knows why, and knew before its node was taken away."""
    shown = site.scontrol("show", "job", str(job))
    tap.contains(shown, text, "the job's admin comment says why")
    tap.contains(shown, "Comment=" + COMMENT,
                 "the user's comment is untouched")
    with open(site.path("scloned.out")) as file:
        log = file.read()
    notified = log.find(": SLURM_NOTIFY: " + text)
    forced = log.find(": SLURM_FORCE_DOWN: " + text)
    tap.ok(0 <= notified < forced, "the job was told first")


def check_reason(site, node, text):
    with open(site.path("slurmctld.log")) as file:
        tap.contains(file.read(), "node %s reason set to: %s" % (node, text),
                     "the node's reason says why")


def check_recovery(site, job):
    """After the cause is gone the requeued job runs on the same name."""
    site.await_job(job, "COMPLETED")
    tap.ok(True, "the requeued job completes")
    site.await_clean()
    tap.equal(site.clones(), [], "no VM is left")
    tap.equal(site.state("vm1"), {"IDLE", "CLOUD", "POWERED_DOWN"},
              "the node is in service")


def submit(site):
    return site.sbatch("--comment=" + COMMENT, "--wrap=true", "-w", "vm1")


def test_no_room():
    """It waits for room until its deadline, whatever Attempts= says."""
    with make_site() as site:
        site.config["Attempts"] = 1
        site.start()
        site.fault("task_error", "InstantClone_Task", times=0,
                   type="InsufficientResourcesFault", text="no room at all")
        job = submit(site)
        labslurm.await_(lambda: "no room at all" in
                        (site.status("vm1")["nodes"][0].get("error") or ""),
                        "the clone to fail")
        tap.equal(site.show("job", job)["Restarts"], "0",
                  "without room the job waits")
        site.jump(600)
        await_requeue(site, job)
        reason = "sclone: (CAPACITY) InstantClone_Task: " \
                 "InsufficientResourcesFault: no room at all"
        check_told(site, job, reason)
        check_reason(site, "vm1", reason)
        tap.equal(len(site.witness("vm_created")), 0, "no VM was made")
        site.fault("clear")
        check_recovery(site, job)


def test_guest_fails():
    with make_site(mode="fail") as site:
        site.config["Attempts"] = 2
        site.start()
        job = submit(site)
        await_requeue(site, job)
        reason = "sclone: (GUEST) 10-mount: exit status 1"
        check_told(site, job, reason)
        check_reason(site, "vm1", reason)
        tap.equal(len(site.witness("vm_created")), 2,
                  "as many clones as Attempts= says were tried")
        site.set_mode("")
        check_recovery(site, job)


def test_dead_guest():
    with make_site(mode="dead") as site:
        site.settings["ResumeTimeout"] = "11"
        site.config["DeadlineMargin"] = "8s"
        site.start()
        job = submit(site)
        await_requeue(site, job)
        check_told(site, job, "sclone: (DEADLINE)")
        check_reason(site, "vm1", "sclone: (DEADLINE)")
        site.set_mode("")
        check_recovery(site, job)


def test_other_source():
    with make_site(sources=2) as site:
        site.modes[site.sources[0]] = "fail"
        site.start()
        # One of two clones at least starts with the bad source.
        jobs = [site.sbatch("--wrap=true") for _ in range(2)]
        for job in jobs:
            site.await_job(job, "COMPLETED")
        tap.equal([site.show("job", job)["Restarts"] for job in jobs],
                  ["0", "0"], "one bad source of two: no job is requeued")
        site.await_clean()
        sources = [(c["source"].split("/")[-1], c["why"])
                   for c in site.history()]
        tap.equal(sorted(sources)[0], (site.sources[0], "10-mount: exit "
                                       "status 1"),
                  "a clone of the bad source failed")
        tap.equal(len([name for name, _ in sources
                       if name == site.sources[1]]), 2,
                  "both jobs ran on clones of the good one")


def test_bad_template():
    """Clones of both sources fail in their guests: the template rests, and
    after a while one clone tries it again."""
    with make_site(mode="fail", sources=2) as site:
        site.config["Attempts"] = 8
        site.start()
        job = submit(site)

        def resting():
            return [row["resting"] for row in site.status()["sources"]]

        labslurm.await_(lambda: all(resting()), "the template to rest")
        site.sclone("reload")
        tap.equal(resting(), [True, True],
                  "it rests, also after the configuration was read again")
        made = len(site.witness("vm_created"))
        tap.equal(made, 3, "after three failures in a row")
        labslurm.await_(lambda: "rests after failures" in
                        site.status("vm1")["nodes"][0].get("error", ""),
                        "the node to say what it waits for")
        site.set_mode("")
        tap.equal(len(site.witness("vm_created")), made,
                  "nothing is cloned meanwhile")
        site.jump(31)
        site.await_job(job, "COMPLETED")
        tap.equal(resting(), [False, False], "a clone that comes up ends it")
        tap.equal(site.show("job", job)["Restarts"], "0",
                  "and the job was not requeued")
        site.await_clean()


def test_needs_human():
    """What no retry can cure: the node is drained until an admin acts."""
    with make_site() as site:
        site.start()
        site.fault("task_error", "InstantClone_Task", times=0,
                   type="NotSupported", text="not on this host")
        job = submit(site)
        await_requeue(site, job)
        reason = "sclone: (CONFIG) InstantClone_Task: NotSupported: " \
                 "not on this host"
        check_told(site, job, reason)
        labslurm.await_(lambda: reason in site.run(
            "sinfo", "-R", "-h", "-o", "%E|%N")[1], "sinfo -R to show it")
        tap.ok(True, "sinfo -R shows why the node is drained")
        site.fault("clear")
        site.update_node("vm1", "resume")
        check_recovery(site, job)


test_no_room()
test_guest_fails()
test_dead_guest()
test_other_source()
test_bad_template()
test_needs_human()
sys.exit(tap.done())
