#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One site with shared nodes and others: what is shared weakens nothing for
the others, and job_submit/sclone knows which is which."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labplugins  # noqa: E402
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

BEGAN = "--wrap=" + labsclone.BEGAN


class Site(labsclone.Site):
    """vm1 is shared, in a partition of its own; the others are not."""

    def sclone_conf(self):
        lines = super().sclone_conf().splitlines()[:-1]
        return "\n".join(lines + [
            "NodeName=vm1 Templates=rocky9,ubuntu22 Isolation=shared "
            "Partitions=shared",
            "NodeName=vm[2-3] Templates=rocky9,ubuntu22 Partitions=vm", ""])

    def write_conf(self):
        super().write_conf()
        with open(self.conf_path) as file:
            text = file.read()
        self.write("slurm.conf", text.replace(
            "PartitionName=vm Nodes=vm[1-3]", "PartitionName=vm Nodes=vm[2-3]")
            + "PartitionName=shared Nodes=vm1 State=UP\n")


def hold(site):
    return "--wrap=%s; while [ ! -e %s-$SLURM_JOB_ID ]; do sleep 0.05; done" \
        % (labsclone.BEGAN, site.path("end"))


def told(site, node):
    """The identity of the node's last clone."""
    with open(site.path("identity-" + node)) as file:
        return json.load(file)


def test_submit(site):
    code, text = site.run("sbatch", "-pshared", "-Cubuntu22", BEGAN,
                          check=False)
    tap.ok(code, "shared nodes: another template is refused at submit")
    tap.contains(text, "partition shared does not offer the template "
                 "ubuntu22; it offers: rocky9", "with the reason")
    code, text = site.run("sbatch", "-pvm,shared", "-Cubuntu22", BEGAN,
                          check=False)
    tap.ok(code, "and also if the job could go elsewhere")


def test_beside(site):
    """Three jobs on shared nodes, two on the others, at the same time."""
    shared = [site.sbatch("-n1", "-pshared", hold(site)) for _ in range(3)]
    alone = [site.sbatch("-n1", "-pvm", "-wvm2", hold(site)),
             site.sbatch("-n1", "-pvm", "-Cubuntu22", "-wvm3", hold(site))]
    more = [site.sbatch("-n1", "-pvm", "-wvm2", BEGAN) for _ in range(2)]
    for job in shared + alone:
        site.await_job(job, "RUNNING")
    tap.equal(site.clones(), ["vm1", "vm2", "vm3"],
              "three jobs share a VM, two have one each")
    tap.equal([site.show("job", job)["OverSubscribe"]
               for job in (shared[0], alone[0])], ["OK", "NO"],
              "only the latter were made exclusive")
    tap.equal(["POWER_DOWN" in site.state(node) for node in site.nodes],
              [False, True, True], "only the latters' nodes are marked")
    tap.equal([told(site, node).get("shared") for node in site.nodes],
              [True, None, None], "the former's VM alone is told so")
    for job in shared + alone:
        site.write("end-%d" % job, "")
    for job in shared + alone + more:
        site.await_job(job, "COMPLETED")
    labslurm.await_(lambda: site.clones() == ["vm1"], "the others' VMs to go")
    tap.equal(sorted(sorted(jobs) for jobs in site.tenants()),
              sorted([shared] + [[job] for job in alone + more]),
              "the shared one stays, and no other VM served two jobs")


def test_check(site):
    topics = site.check()[2]
    tap.contains(str(topics["features"]), "vm1 have Feature=ubuntu22, but are "
                 "never that", "check tells of features that are in vain")
    tap.equal([text for text in topics["exclusive"]
               if not text.startswith("ok")], [],
              "and finds nothing wrong with the partitions")


with Site(nodes=3, sources={"rocky9": 1, "ubuntu22": 1}) as lab:
    lab.node_settings = "CPUs=4 RealMemory=1 Feature=rocky9,ubuntu22"
    lab.partition_settings = "OverSubscribe=EXCLUSIVE"
    lab.more += ["SlurmdParameters=config_overrides"]
    lab.settings["SelectTypeParameters"] = "CR_Core"
    labplugins.use_job_submit(lab, lab.path("sclone.conf"))
    lab.start()
    test_submit(lab)
    test_beside(lab)
    test_check(lab)
    lab.update_node("vm1", "POWER_DOWN")
    lab.await_clean()
sys.exit(tap.done())
