# SPDX-License-Identifier: GPL-2.0-or-later
"""job_submit_sclone.so and spank_sclone.so of this build in a private Slurm,
and a site whose nodes can become several templates."""
import os
import re
import shutil
import subprocess

import labsclone
import labslurm
import tap

PLUGINS = os.path.join(labslurm.BUILD, "src/plugins")
SUBMIT = os.path.join(PLUGINS, "job_submit/job_submit_sclone.so")
SPANK = os.path.join(PLUGINS, "spank/spank_sclone.so")


def sanitizer():
    """The runtime that a sanitized plugin needs to come first, or None."""
    text = subprocess.run(["ldd", SUBMIT], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    found = re.search(r"=> (\S*libasan\S*)", text)
    return found and found.group(1)


def slurm_dir():
    """Where this Slurm has its own plugins."""
    for top, _, files in os.walk("/usr/lib"):
        if "job_submit_all_partitions.so" in files:
            return top
    tap.skip_all("needs Slurm's own plugins below /usr/lib")


def preload(cluster):
    """For commands and daemons that load what is built with a sanitizer."""
    runtime = sanitizer()
    if runtime:     # Slurm itself leaks at its end, which is not ours
        cluster.env["LD_PRELOAD"] = runtime
        cluster.env["ASAN_OPTIONS"] = "detect_leaks=0:" + \
            cluster.env.get("ASAN_OPTIONS", "")


def use_spank(cluster):
    """srun, sbatch and salloc have --template."""
    cluster.settings["PlugStackConfig"] = cluster.write(
        "plugstack.conf", "required %s\n" % SPANK)
    preload(cluster)


def use_job_submit(cluster, conf):
    """slurmctld judges jobs by this sclone.conf."""
    os.mkdir(cluster.path("plugins"))
    shutil.copy(SUBMIT, cluster.path("plugins"))
    cluster.settings["PluginDir"] = "%s:%s" % (slurm_dir(),
                                               cluster.path("plugins"))
    cluster.settings["JobSubmitPlugins"] = "sclone"
    cluster.env["SCLONE_CONF"] = conf
    preload(cluster)


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
    """Partitions of clones and others, in a Slurm that judges by CONF."""
    cluster.more = [
        "PartitionName=alma Nodes=vm[3-4] OverSubscribe=NO",
        "PartitionName=wide Nodes=vm[1-4]",
        "PartitionName=batch Nodes=vm[1-4] OverSubscribe=YES:4"]
    cluster.partition_settings = "OverSubscribe=NO"
    cluster.node_settings = "CPUs=1 RealMemory=1 " \
                            "Feature=rocky9,ubuntu22,alma8,big"
    use_spank(cluster)
    use_job_submit(cluster, cluster.write("sclone.conf", CONF))


def submit(cluster, *args):
    """Submit a held job; (features, oversubscribe), or what was said. With
    ":", for components, the last argument is the script."""
    if ":" not in args:
        args += "--wrap=true",
    status, text = cluster.run("sbatch", "--hold", "--parsable",
                               *cluster.job_place(), *args, check=False)
    if status:
        return text.strip().replace("sbatch: error: ", "")
    job = cluster.show("job", text.strip())
    return job["Features"], job["OverSubscribe"]


class Site(labsclone.Site):
    """Nodes that become rocky9 or ubuntu22; alma8 is for others, though
    slurm.conf has it as a feature of all."""

    def __init__(self, **more):
        super().__init__(sources={"rocky9": 1, "ubuntu22": 1, "alma8": 1},
                         **more)
        self.node_settings += ",big"

    def sclone_conf(self):
        """The last line is the nodes'."""
        return super().sclone_conf().replace(
            " Templates=rocky9,ubuntu22,alma8", " Templates=rocky9,ubuntu22"
        ) + "NodeName=other[1-2] Templates=alma8\n"

    def images(self):
        """Of each clone, in the order of lives(): what it was forked from."""
        sources = {entry["vm"]: entry["name"].split("-")[0]
                   for entry in self.witness("source_started")}
        return [sources[entry["text"]]
                for entry in self.witness("vm_created")]

    def ran(self, job):
        """What the clones were forked from on which a job began."""
        return [image for jobs, image in zip(self.tenants(), self.images())
                if job in jobs]
