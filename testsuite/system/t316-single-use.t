#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One job, one VM: a second job never lands on a used clone."""
import glob
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN


def shared_vms(site):
    """Jobs that ran on a VM on which another one ran, too."""
    return [jobs for jobs in site.tenants() if len(jobs) > 1]


def finish(site, jobs, what):
    for job in jobs:
        site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(shared_vms(site), [], what)
    ran = sum(site.tenants(), [])
    tap.equal([ran.count(job) for job in jobs], [1] * len(jobs),
              "and each ran once")


def test_queued(site):
    """SuspendTimeout is 600 s: none of these waits for it."""
    jobs = [site.sbatch("-w", "vm1", BEGAN) for _ in range(3)]
    finish(site, jobs, "jobs queued for one node have a VM each")


def test_power_up(site):
    site.update_node("vm2", "POWER_UP")
    site.await_state("vm2", ["IDLE"], ["POWERED_DOWN", "POWERING_UP",
                                       "NOT_RESPONDING"])
    tap.equal(site.clones(), ["vm2"], "a node powered up by hand has a VM")
    jobs = [site.sbatch("-w", "vm2", BEGAN) for _ in range(2)]
    finish(site, jobs, "its first job uses it up")


def test_power_up_unused(site):
    site.update_node("vm2", "POWER_UP")
    site.await_state("vm2", ["IDLE"], ["POWERED_DOWN", "POWERING_UP",
                                       "NOT_RESPONDING"])
    site.update_node("vm2", "POWER_DOWN")
    site.await_clean()
    tap.equal(site.clones(), [], "powered down by hand: its VM is gone")


def share(site, how):
    """What the partition named shared does with its nodes from now on."""
    site.scontrol("update", "PartitionName=shared", "OverSubscribe=" + how)


def place(site, *submits):
    """Have Slurm put jobs on a node while its partition lets them share it;
    scloned sees a partition that does not."""
    scloned = site.children["scloned"]
    scloned.send_signal(signal.SIGSTOP)
    share(site, "NO")
    jobs = [submit() for submit in submits]
    for job in jobs:
        site.await_job(job, "CONFIGURING")
    share(site, "EXCLUSIVE")
    scloned.send_signal(signal.SIGCONT)
    return jobs


def test_suspended_job(site):
    first = site.sbatch("-w", "vm1", "--wrap=%s; cat %s"
                        % (labsclone.BEGAN, site.fifo))
    site.await_job(first, "RUNNING")
    second = site.sbatch("-w", "vm1", BEGAN)
    share(site, "NO")
    third = site.sbatch("-p", "shared", "-n1", "-w", "vm1", BEGAN)
    site.scontrol("suspend", str(first))
    site.await_job(first, "SUSPENDED")
    site.scontrol("resume", str(first))
    site.await_job(first, "RUNNING")
    tap.equal([site.job_state(job) for job in (second, third)],
              ["PENDING"] * 2, "a suspended job keeps its VM for itself")
    share(site, "EXCLUSIVE")
    with open(site.fifo, "w") as file:
        file.write("end\n")
    finish(site, [first, second, third], "also after it was resumed")


def test_not_exclusive(site):
    """A partition that lets jobs share a node for a while: two at once, and
    one more while the first runs."""
    wait = "--wrap=%s; cat %s" % (labsclone.BEGAN, site.fifo)
    jobs = place(site, *[lambda: site.sbatch("-p", "shared", "-n1", "-w",
                                             "vm3", wait)] * 2)
    labslurm.await_(lambda: "RUNNING" in map(site.job_state, jobs),
                    "one of the jobs to run")
    share(site, "NO")
    jobs.append(site.sbatch("-p", "shared", "-n1", "-w", "vm3", BEGAN))
    labslurm.await_(lambda: site.show("job", jobs[-1])["Restarts"] != "0",
                    "the third to come, and to be sent away")
    share(site, "EXCLUSIVE")
    for job in jobs[:-1]:
        labslurm.await_(lambda: "RUNNING" in map(site.job_state, jobs),
                        "one of the jobs to run")
        with open(site.fifo, "w") as file:
            file.write("end\n")
    finish(site, jobs, "a partition without EXCLUSIVE makes no difference")


SHARED = "sclone: (SHARED)"


def submit_intruders(site):
    """Three jobs that cannot be requeued, onto a VM that has one already:
    name -> job, and the two commands that wait for theirs. What runs of them
    leaves a file."""
    place = "-p", "shared", "-n1", "-w", "vm3"
    mark = "echo >" + site.path("ran-")
    commands = [
        site.background("srun", *place, "-Jsrun", "sh", "-c", mark + "srun"),
        site.background("salloc", *place, "-Jsalloc", "srun", "sh", "-c",
                        mark + "salloc")]
    site.sbatch(*place, "-Jsbatch", "--no-requeue", "--wrap=" + mark +
                "sbatch")
    return commands


def configuring(site):
    """Jobs that have the node and wait for their prolog: name -> number."""
    rows = site.run("squeue", "-h", "-tCF", "-o%j %i")[1].split("\n")
    return dict(row.split() for row in rows if row)


def test_intruders(site):
    """srun, salloc and --no-requeue cannot be sent away: they end."""
    first, = place(site, lambda: site.sbatch(
        "-p", "shared", "-n1", "-w", "vm3",
        "--wrap=%s; cat %s" % (labsclone.BEGAN, site.fifo)))
    site.await_job(first, "RUNNING")
    labslurm.await_(lambda: site.phase("vm3") == "ready", "the node")
    site.children["scloned"].send_signal(signal.SIGSTOP)
    share(site, "NO")
    commands = submit_intruders(site)
    jobs = labslurm.await_(lambda: len(configuring(site)) == 3 and
                           configuring(site), "the intruders to be placed")
    steps = site.run("squeue", "-h", "-s", "-o%i")[1].split()
    tap.equal([step for step in steps if not step.startswith("%d." % first)],
              [], "while scloned has not said so, none has a step")
    site.children["scloned"].send_signal(signal.SIGCONT)
    outputs = dict(zip(("srun", "salloc"), [
        command.communicate(timeout=labslurm.BOUND)[0].decode()
        for command in commands]))
    for name, job in sorted(jobs.items()):
        tap.equal(site.await_job(job, "CANCELLED", "COMPLETED"), "CANCELLED",
                  name + " ends")
        tap.contains(site.scontrol("show", "job", job),
                     "AdminComment=" + SHARED, name + " is told why it ends")
    for name, text in sorted(outputs.items()):
        tap.contains(text, SHARED, name + " prints it")
    share(site, "EXCLUSIVE")
    tap.equal(site.job_state(first), "RUNNING", "the first job runs on")
    with open(site.fifo, "w") as file:
        file.write("end\n")
    finish(site, [first], "and has had its VM for itself")
    tap.equal(glob.glob(site.path("ran-*")), [], "nothing of them ever ran")


with labsclone.Site(nodes=3) as lab:
    lab.node_settings = "CPUs=4 RealMemory=1 Feature=rocky9,ubuntu22"
    lab.more += ["SlurmdParameters=config_overrides",
                 "PartitionName=shared Nodes=vm[1-3] OverSubscribe=EXCLUSIVE"]
    lab.requeue_soon()
    lab.settings["SelectTypeParameters"] = "CR_Core"
    # Every job gets a step as soon as it gets nodes.
    lab.settings["PrologFlags"] = "Contain"
    lab.fifo = lab.path("fifo")
    os.mkfifo(lab.fifo)
    lab.start()
    test_queued(lab)
    test_power_up(lab)
    test_power_up_unused(lab)
    test_suspended_job(lab)
    test_not_exclusive(lab)
    test_intruders(lab)
sys.exit(tap.done())
