#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Portgroups and fixed MAC addresses: each node's clone has its cards on the
networks of sclone.conf, and the addresses that count up with its name, each
time anew. A portgroup that is not there is found by sclone check."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()
HPC = "/DC1/network/hpc"


class Site(labsclone.Site):
    """Two cards: the node's own on a distributed portgroup with an address
    of its name, and one for storage on a standard one."""

    network = HPC

    def inventory(self):
        inventory = super().inventory()
        inventory["networks"] = [{"name": "hpc", "switch": "dvs1"},
                                 {"name": "storage"}]
        for source in inventory["sources"]:
            source["networks"] = ["VM Network", "VM Network"]
        return inventory

    def sclone_conf(self):
        return super().sclone_conf().rstrip("\n") + (
            " Network=%s Mac=00:50:56:3f:00:ff+\n"
            "NicName=storage Nodes=%s Network=/DC1/network/storage\n"
            % (self.network, self.nodes_text))

    def cards(self):
        """Of each clone: name -> its cards."""
        return {vm["name"]: vm["nics"] for vm in self.lab("vms")["vms"]
                if vm["name"] not in self.sources}


def check_cards(site, what):
    """While a job holds both nodes."""
    cards = site.cards()
    tap.equal({name: (nics[0]["network"], nics[0]["mac"], nics[0]["manual"])
               for name, nics in cards.items()},
              {"vm1": ("hpc", "00:50:56:3f:00:ff", True),
               "vm2": ("hpc", "00:50:56:3f:01:00", True)},
              what + ": the nodes' own cards")
    tap.equal({(name, nics[1]["network"], nics[1]["manual"])
               for name, nics in cards.items()},
              {("vm1", "storage", False), ("vm2", "storage", False)},
              "the second ones, whose addresses vCenter has made")
    tap.equal(len({nics[1]["mac"] for nics in cards.values()}), 2,
              "which differ")


def run_job(site, what):
    job = site.sbatch("-N2", "--wrap=until [ -e %s ]; do sleep 0.1; done"
                      % site.path("go-on"))
    site.await_job(job, "RUNNING")
    check_cards(site, what)
    site.write("go-on", "")
    site.await_job(job, "COMPLETED")
    site.await_clean()
    os.unlink(site.path("go-on"))


def check_findings(site):
    code, text, topics = site.check()
    tap.equal([topics.get(name) for name in ("networks", "cards")],
              [["ok: found"], ["ok: each source has as many as its nodes"]],
              "sclone check finds the portgroups")
    tap.equal([line for line in topics["privileges"] + topics["excess"]
               if not line.startswith("ok")], [], "and may use them")
    site.network = "/DC1/network/gone"
    site.write_sclone_conf()
    topics = site.check()[2]
    tap.ok(topics["networks"][0].startswith(
        "FAIL: /DC1/network/gone is no portgroup"), "but not what is missing")


with Site(nodes=2) as site:
    site.start()
    run_job(site, "first")
    run_job(site, "again")
    tap.equal(len(site.witness("nic_edited")), 8, "a card an edit")
    check_findings(site)
sys.exit(tap.done())
