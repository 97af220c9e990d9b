#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""spank_sclone.so and job_submit_sclone.so, loaded by the real commands and
slurmctld: what a job asks for is checked when it is submitted."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labplugins  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

submit = labplugins.submit


def test_accepted(cluster):
    tap.equal(submit(cluster, "--template=ubuntu22"), ("ubuntu22", "NO"),
              "--template becomes a feature, the job exclusive")
    tap.equal(submit(cluster, "-pvm", "-Cbig", "--template=ubuntu22"),
              ("big&ubuntu22", "NO"), "with other features, too")
    tap.equal(submit(cluster, "-pvm", "-Cubuntu22"), ("ubuntu22", "NO"),
              "a template may be named as a feature")
    tap.equal(submit(cluster, "-pvm"), ("rocky9", "NO"),
              "without either, the default template of the partition")
    tap.equal(submit(cluster, "-palma"), ("alma8", "NO"),
              "which depends on the partition")
    tap.equal(submit(cluster, "-pwide"), ("(null)", "NO"),
              "of a mixed partition each node has its own default")
    tap.equal(submit(cluster, "-pvm", "--oversubscribe"), ("rocky9", "NO"),
              "a job that wants to share does not")
    tap.equal(submit(cluster, "-pbatch", "--oversubscribe", "-Cbig"),
              ("big", "YES"), "jobs of other partitions are left alone")
    tap.equal(submit(cluster, "-pvm", "-Cbig&rocky9|big&ubuntu22"),
              ("big&rocky9|big&ubuntu22", "NO"), "alternatives stay")
    tap.equal(submit(cluster, "-pvm,wide", "--template=ubuntu22"),
              ("ubuntu22", "NO"), "several partitions that offer it")
    tap.equal(submit(cluster, "-pbatch,vm"), ("(null)", "NO"),
              "no default where it would keep the job out of a partition")
    for command in "srun", "salloc":
        tap.contains(cluster.run(command, "--help")[1], "--template=name",
                     command + " has the option, too")


def features(cluster, *args):
    """The features of all tasks or components of a held job."""
    text = cluster.run("sbatch", "--hold", "--parsable", *cluster.job_place(),
                       *args)[1].strip()
    return re.findall(r" Features=(\S+)", cluster.scontrol(
        "-o", "show", "job", text))


def test_many(cluster):
    tap.equal(features(cluster, "--array=1-3", "--template=ubuntu22",
                       "--wrap=true"), ["ubuntu22"],
              "an array, which is one record while it is held")
    tap.equal(features(cluster, "-pvm", "-Cubuntu22", ":", "-palma",
                       cluster.script("job", "true\n")),
              ["ubuntu22", "alma8"], "each component of a heterogeneous job")
    tap.equal(features(cluster, "-pvm", "--template=ubuntu22", ":", "-pwide",
                       cluster.path("job")), ["ubuntu22", "ubuntu22"],
              "--template is of them all")
    tap.contains(submit(cluster, "-pvm", "-Cubuntu22", ":", "-palma",
                        "-Crocky9", cluster.path("job")),
                 "partition alma does not offer the template rocky9; it "
                 "offers: alma8", "one that cannot be had spoils them all")


def test_refused(cluster):
    tap.contains(submit(cluster, "--template=rocky8"),
             'there is no template "rocky8"; there are: '
             'rocky9, ubuntu22, alma8', "an unknown template")
    tap.contains(submit(cluster, "-pvm", "--template=alma8"),
             "partition vm does not offer the template alma8; it offers: "
             "rocky9, ubuntu22", "a template of another partition")
    tap.contains(submit(cluster, "-pvm,alma", "--template=alma8"),
                 "partition vm does not offer the template alma8",
                 "of one of its partitions")
    tap.contains(submit(cluster, "-pbatch", "--template=rocky9"),
             "--template=rocky9 needs a partition of clones, which batch is not; "
             "there are: vm, wide, alma", "a partition without clones")
    tap.contains(submit(cluster, "-pvm", "-Crocky9&ubuntu22"),
             "a node cannot be both rocky9 and ubuntu22", "two at once")
    tap.contains(submit(cluster, "-pvm", "-C[rocky9*1&ubuntu22*1]"),
             "a node cannot be both", "counts of two")
    tap.contains(submit(cluster, "-pvm", "-C[rocky9*1|ubuntu22*1]"),
             "counts do not go with several", "nor as alternatives")
    tap.contains(submit(cluster, "-pvm", "-Crocky9", "--template=ubuntu22"),
             "--template=ubuntu22 contradicts", "option against constraint")
    tap.contains(submit(cluster, "--template=a/b"),
             "is not a template's name", "no name: refused by sbatch itself")
    for command in "srun", "salloc":
        status, text = cluster.run(command, "-pvm", "--template=rocky8",
                                   "true", check=False)
        tap.ok(status and "there is no template" in text,
               command + ", the same")


def test_modified(cluster):
    status, text = cluster.run("sbatch", "--hold", "--parsable", "-pvm",
                               *cluster.job_place(), "--wrap=true")
    job = "JobId=" + text.strip()
    text = cluster.scontrol("update", job, "Partition=vm",
                            "Features=rocky9&ubuntu22", check=False)
    tap.contains(text, "nvalid feature", "no later either")
    cluster.scontrol("update", job, "Features=ubuntu22")
    tap.equal(cluster.show("job", job[6:])["Features"], "ubuntu22",
              "a change that can be had is made")
    text = cluster.scontrol("update", job, "Partition=alma",
                            "Features=ubuntu22", check=False)
    tap.contains(text, "nvalid feature", "nor what a new partition has not")
    cluster.scontrol("update", job, "Partition=batch", "Features=big")
    tap.equal(cluster.show("job", job[6:])["Features"], "big",
              "a job that leaves our partitions is left alone")


def test_broken(cluster):
    """The file is read at the start; whatever becomes of it, jobs go on."""
    cluster.write("sclone.conf", "Nonsense=yes\n")
    for _ in range(5):
        cluster.scontrol("reconfigure")
        tap.equal(submit(cluster, "--template=ubuntu22"),
                  ("ubuntu22", "NO"), "a reconfigure changes nothing")
    cluster.end("slurmctld")
    cluster.start_slurmctld()
    tap.equal(submit(cluster, "-pvm", "-Cbig"), ("big", "OK"),
              "started with a broken file, slurmctld takes jobs as they are")
    said = [line for line in cluster.tail("slurmctld.log", 1000).splitlines()
            if "error: job_submit/sclone:" in line]
    tap.contains("".join(said), "sclone.conf:1: unknown key 'Nonsense'",
                 "and its log says where the file is wrong")
    cluster.write("sclone.conf", labplugins.CONF)
    cluster.end("slurmctld")
    cluster.start_slurmctld()
    tap.contains(submit(cluster, "--template=rocky8"), "there is no template",
             "corrected and started again, it judges again")


with labslurm.Cluster(nodes=4) as cluster:
    labplugins.prepare(cluster)
    cluster.start()
    test_accepted(cluster)
    test_many(cluster)
    test_refused(cluster)
    test_modified(cluster)
    test_broken(cluster)
sys.exit(tap.done())
