#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each VM that is gone leaves a record; the chain of records, held against
the log, shows what was done to it."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import receipts  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SCLONE = labslurm.program("sclone")


def browse(site):
    """Give the account the optional privilege."""
    roles = site.inventory()["roles"]
    roles["Store"] = roles["Store"] + ["Datastore.Browse"]
    site.inventory_more["roles"] = roles


def logged(site):
    """The heads that scloned wrote to its log: [(head, node), ...]."""
    with open(site.path("scloned.out"), errors="replace") as file:
        return re.findall(r"receipt (\d+:[0-9a-f]{64}) node (\S+) epoch \d+",
                          file.read())


def check_comment(site, job):
    """The job names its cycles, and keeps what its user wrote."""
    shown = site.scontrol("show", "job", str(job))
    made = sorted("%s/%s" % (e["name"], e["operationID"].rpartition("-")[2])
                  for e in site.witness("vm_created"))
    named = re.findall(r" AdminComment=sclone: (.*?) *$", shown,
                       re.MULTILINE)
    tap.equal([sorted(line.split()) for line in named], [made],
              "admin_comment names the cycles of the job, once")
    tap.ok("   Comment=mine" in shown, "the user's comment is the user's")


def check_records(site, job, vms):
    """Two nodes' records, against what vCenter saw."""
    code, text = site.sclone("receipt", "verify", str(job))
    tap.ok(code == 0, "the records of a job verify")
    tap.equal(sorted(re.findall(r" (vm\d) epoch ", text)), ["vm1", "vm2"],
              "one for each of its nodes")
    shown = site.sclone("receipt", "show", str(job))[1]
    gone = {e["vm"] for e in site.witness("vm_destroyed")}
    tap.equal(set(re.findall(r"^  vm +(\S+)", shown, re.MULTILINE)), vms,
              "with the VMs that vCenter made")
    tap.equal(vms - gone, set(), "and destroyed")
    tap.contains(shown, "name,instance-uuid,bios-uuid,datastore",
                 "and the evidence, directories included")
    tap.contains(shown, "[ds1] vm1\n", "which are named")


def check_tampering(site, head):
    """On copies of the journal, scloned being down."""
    first = "WHERE seq=1"
    for sql, what in (
            (["UPDATE receipt SET text=replace(text,'node=vm','node=vx') "
              + first], "a changed record"),
            (["DELETE FROM receipt " + first], "a missing record"),
            (["UPDATE receipt SET seq=9 " + first,
              "UPDATE receipt SET seq=1 WHERE seq=2",
              "UPDATE receipt SET seq=2 WHERE seq=9"], "another order"),
            (["DELETE FROM receipt WHERE seq=2"], "the end cut off")):
        with receipts.Served(SCLONE, site.path("journal"), *sql) as served:
            code, text = served.sclone("receipt", "verify")
            tap.ok(code == 2 and "FAIL" in text, what + " is found")
    whole, _ = receipts.rows(site.path("journal"))
    cut = ["DELETE FROM receipt WHERE seq=2",
           "UPDATE meta SET value='1:%s' WHERE name='receipt.head'"
           % whole[0][3].split(" ")[0]]
    with receipts.Served(SCLONE, site.path("journal"), *cut) as served:
        tap.equal(served.sclone("receipt", "verify")[0], 0,
                  "the end cut off with care fits in itself")
        code, text = served.sclone("receipt", "verify", "--head", head)
        tap.ok(code == 2 and "cut off" in text, "but not with the log")


def test_chain():
    with labsclone.Site(nodes=4) as site:
        site.config["LogLevel"] = "warn"
        browse(site)
        site.start()
        job = site.sbatch("-N2", "--comment=mine", "--wrap=true")
        site.await_job(job, "COMPLETED")
        check_comment(site, job)
        site.await_clean()
        vms = {e["vm"] for e in site.witness("vm_created")}
        check_records(site, job, vms)
        heads = logged(site)
        tap.equal(sorted(node for _, node in heads), ["vm1", "vm2"],
                  "the log has a line for each, whatever LogLevel= says")
        site.end("scloned")
        check_tampering(site, heads[-1][0])
        site.start_scloned()
        site.fault("fault", "SearchDatastore_Task", times=0,
                   type="NoPermission", text="taken away")
        site.await_job(site.sbatch("--wrap=true"), "COMPLETED")
        site.await_clean()
        tap.equal(len(logged(site)), 3, "a restart continues the chain")
        tap.contains(site.sclone("receipt", "show", "--limit", "1")[1],
                     "SearchDatastore_Task: NoPermission: taken away",
                     "without the privilege a record says so")
        for head, _ in (heads[-1], logged(site)[-1]):
            code, text = site.sclone("receipt", "verify", "--head", head)
            tap.ok(code == 0 and "3 records" in text,
                   "of which head %s is one" % head[:10])


test_chain()
sys.exit(tap.done())
