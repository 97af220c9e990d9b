#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight real machines of two different images at a time: each job gets the
one that it asked for, from both hosts that have it."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

TEMPLATES = ["rocky9", "ubuntu22"]
# A task tells which image it sees, and stays until srun's input ends.
TELL = '. /etc/os-release; echo "$SLURMD_NODENAME $ID"; cat >/dev/null'


def start_job(site, template):
    """An srun on four machines of that template."""
    path = site.path("said-" + template)
    with open(path, "w") as out:
        child = subprocess.Popen(
            ["srun", "-N4", "-C", template, "--chdir=/", "sh", "-c", TELL],
            env=site.env, stdin=subprocess.PIPE, stdout=out,
            stderr=subprocess.STDOUT)
    return child, path


def lines(path):
    with open(path) as file:
        return [line.split() for line in file if line.endswith("\n")]


def await_jobs(jobs):
    def spoken():
        return all(len(lines(path)) >= 4 or child.poll() is not None
                   for child, path in jobs)
    labslurm.await_(spoken, "all tasks", 2 * labslurm.BOUND)


def asked(site, template):
    """The sources of this template that were to be cloned, in order: one
    that failed in between was replaced by the other."""
    return [entry["name"] for entry in site.witness("task_queued")
            if entry["method"] == "InstantClone_Task"
            and entry["name"] in site.template_sources[template]]


def end_job(child):
    child.stdin.close()
    return child.wait(timeout=labslurm.BOUND)


def check_jobs(site):
    jobs = [start_job(site, template) for template in TEMPLATES]
    try:
        await_jobs(jobs)
        tap.equal(len(site.clones()), 8, "eight machines at a time")
    finally:
        codes = [end_job(child) for child, _ in jobs]
    tap.equal(codes, [0, 0], "both jobs end well")
    for template, (_, path) in zip(TEMPLATES, jobs):
        said = lines(path)
        tap.equal([image for _, image in said], [template] * 4,
                  "a job for %s sees that image on four nodes" % template)
        tap.equal(sorted(asked(site, template)[:4]),
                  sorted(site.template_sources[template] * 2),
                  "  two were asked of the source on each host")
    return [node for _, path in jobs for node, _ in lines(path)]


labslurm.require()
images = labqemu.prepare_all(
    **{template: ["--id", template] for template in TEMPLATES})

with labqemu.QemuSite(images, nodes=8,
                      sources=dict.fromkeys(TEMPLATES, 2)) as lab:
    lab.start()
    tap.equal(len(set(check_jobs(lab))), 8, "eight nodes served")
    lab.await_clean()
    tap.equal(sorted(vm["name"] for vm in lab.lab("vms")["vms"]),
              sorted(lab.sources), "all clones are destroyed")
    tap.equal(lab.qemu_pids(), [], "and their processes gone")
sys.exit(tap.done())
