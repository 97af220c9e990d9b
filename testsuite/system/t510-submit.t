#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""spank_sclone.so and job_submit_sclone.so, loaded by the real commands and
slurmctld: what a job asks for is checked when it is submitted."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labplugins  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

CONF = """ClusterName=lab
VCenter=https://vc.example.org/sdk User=svc
Folder=/DC1/vm/clones ResourcePool=/DC1/host/c/Resources
TemplateName=rocky9 Sources=/DC1/vm/r9
TemplateName=ubuntu22 Sources=/DC1/vm/u22
TemplateName=alma8 Sources=/DC1/vm/a8
NodeName=vm[1-2] Templates=rocky9,ubuntu22 Partitions=vm,wide
NodeName=vm[3-4] Templates=alma8 Partitions=alma,wide
"""


def prepare(cluster):
    cluster.more = [
        "PartitionName=alma Nodes=vm[3-4] OverSubscribe=NO",
        "PartitionName=wide Nodes=vm[1-4]",
        "PartitionName=batch Nodes=vm[1-4] OverSubscribe=YES:4"]
    cluster.partition_settings = "OverSubscribe=NO"
    cluster.node_settings = "CPUs=1 RealMemory=1 " \
                            "Feature=rocky9,ubuntu22,alma8,big"
    labplugins.use_spank(cluster)
    labplugins.use_job_submit(cluster, cluster.write("sclone.conf", CONF))


def submit(cluster, *args):
    """Submit a held job; (features, oversubscribe), or what was said."""
    status, text = cluster.run(
        "sbatch", "--hold", "--parsable", *cluster.job_place(), *args,
        "--wrap=true", check=False)
    if status:
        return text.strip().replace("sbatch: error: ", "")
    job = cluster.show("job", text.strip())
    return job["Features"], job["OverSubscribe"]


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
    for command in "srun", "salloc":
        tap.contains(cluster.run(command, "--help")[1], "--template=name",
                     command + " has the option, too")


def test_refused(cluster):
    tap.contains(submit(cluster, "--template=rocky8"),
             'there is no template "rocky8"; there are: '
             'rocky9, ubuntu22, alma8', "an unknown template")
    tap.contains(submit(cluster, "-pvm", "--template=alma8"),
             "partition vm does not offer the template alma8; it offers: "
             "rocky9, ubuntu22", "a template of another partition")
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
    status, text = cluster.run("srun", "-pvm", "--template=rocky8", "true",
                               check=False)
    tap.ok(status and "there is no template" in text, "srun, the same")


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
    cluster.write("sclone.conf", CONF)
    cluster.end("slurmctld")
    cluster.start_slurmctld()
    tap.contains(submit(cluster, "--template=rocky8"), "there is no template",
             "corrected and started again, it judges again")


with labslurm.Cluster(nodes=4) as cluster:
    prepare(cluster)
    cluster.start()
    test_accepted(cluster)
    test_refused(cluster)
    test_modified(cluster)
    test_broken(cluster)
tap.done()
