#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an admin does with sclone while scloned is at work."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SOURCE = "rocky9-esx01"
FINE, WARNING, CRITICAL = 0, 1, 2


def sclone(site, *args):
    return site.sclone(*args, check=False)


def says(site, args, status, part, what):
    """sclone's exit status, and words in what it prints."""
    code, text = sclone(site, *args)
    tap.equal(code, status, what) or tap.diag(text)
    tap.contains(text, part, "  and says so")


def as_nobody(site, program, *args):
    """Run a program of this build as a user without any right."""
    place = site.path("bin-" + program)
    if not os.path.exists(place):
        shutil.copy(labslurm.program(program), place)
    return site.run("setpriv", "--reuid=65534", "--regid=65534",
                    "--clear-groups", place, "--socket",
                    site.path("sclone.sock"), *args, check=False)


def start_job(site, node):
    job = site.sbatch("-w", node, "--wrap=cat " + site.fifo)
    site.await_job(job, "RUNNING")
    return job


def end_job(site, job):
    with open(site.fifo, "w") as file:
        file.write("end\n")
    site.await_job(job, "COMPLETED")


def test_status(site):
    says(site, ["status"], FINE, "no node in use", "all is well: 0")
    job = start_job(site, "vm1")
    code, text = sclone(site, "status")
    row = [line.split() for line in text.splitlines()
           if line.startswith("vm1")][0]
    said = site.status()
    tap.equal((code, row[1], row[3:6]),
              (FINE, "ready", [str(said["nodes"][0]["epoch"]), str(job),
                               "rocky9"]), "a node in use")
    tap.equal([(n["node"], n["phase"], n["job"]) for n in said["nodes"]],
              [("vm1", "ready", job)], "the same as JSON")
    tap.equal([(s["state"], s["lanes"], s["in_flight"])
               for s in said["sources"]], [("frozen", 8, 0)], "its source")
    says(site, ["status", "vm9"], CRITICAL, "vm9", "no such node: 2")
    end_job(site, job)
    site.await_clean()


def test_history(site):
    job = site.history("vm1")[0]["job"]
    code, text = sclone(site, "history", str(job))
    tap.equal((code, len(text.splitlines())), (FINE, 2), "a job's cycle")
    order = ("requested +0ms", " admitted +", " cloning +", " cloned +",
             " ready +", " releasing +", " gone +")
    places = [text.find(part) for part in order]
    tap.ok(-1 not in places and places == sorted(places),
           "with the time line of its phases")
    says(site, ["history", "vm2"], FINE, "no finished cycle", "none")
    says(site, ["history", "vm 2"], CRITICAL, "neither", "nonsense: 2")


def test_pause(site):
    says(site, ["pause"], FINE, "paused", "pause")
    says(site, ["status"], WARNING, "paused", "paused: 1")
    tap.equal(sclone(site, "--json", "status")[0], WARNING, "as JSON, too")
    job = site.sbatch("-w", "vm1", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm1") == "requested", "the request")
    tap.equal(site.clones(), [], "no clone is made")
    says(site, ["unpause"], FINE, "made again", "unpause")
    site.await_job(job, "COMPLETED")
    site.await_clean()


def test_hold(site):
    job = start_job(site, "vm2")
    says(site, ["hold", "vm2"], FINE, "1 nodes", "hold a node")
    says(site, ["status"], WARNING, "[held]", "something is held: 1")
    end_job(site, job)
    site.await_state("vm2", ["DRAIN"])
    tap.contains(site.scontrol("show", "node", "vm2"), "sclone: (HOLD)",
                 "its job over, Slurm's node is drained, with our reason")
    tap.equal(site.clones(), ["vm2"], "the VM is kept")
    tap.ok("POWERED_DOWN" not in site.state("vm2"), "the name is not free")
    says(site, ["unhold", "vm2"], FINE, "1 nodes", "unhold it")
    site.await_clean()
    tap.equal((site.clones(), "DRAIN" in site.state("vm2")), ([], False),
              "the VM is gone and the drain undone")
    says(site, ["hold", "vm[2-9]"], CRITICAL, "vm5", "no such node: 2")
    tap.equal(sclone(site, "status")[0], FINE, "then none is held")


def test_permission(site):
    tap.equal([as_nobody(site, "sclone", *args)[0]
               for args in (["status"], ["history"],
                            ["template", "list"])], [FINE] * 3,
              "everybody may look")
    for args in (["pause"], ["unpause"], ["hold", "vm1"], ["unhold", "vm1"],
                 ["reload"], ["template", "drain", "rocky9"],
                 ["template", "undrain", "rocky9"]):
        code, text = as_nobody(site, "sclone", *args)
        tap.ok(code == CRITICAL and "root" in text,
               "not everybody may " + " ".join(args))
    tap.equal(site.status()["daemon"]["paused"], False, "nothing came of it")
    code, text = as_nobody(site, "sclone-resume", "--spool",
                           site.path("spool"), "vm4")
    tap.equal(code, 1, "nor ask for a node")
    tap.equal(site.phase("vm4"), "absent", "which is not made")


def rewrite(site, old, new):
    site.write("sclone.conf", site.sclone_conf().replace(old, new))


def slurm_helper(site):
    """The process of scloned's child, None between two."""
    pid = site.status()["daemon"]["pid"]
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    for child in children:
        try:
            with open(f"/proc/{child}/comm") as file:
                if file.read().startswith("scloned-slurm"):
                    return child
        except OSError:
            pass
    return None


def test_reload(site):
    """Also while a clone is being made from a source that is reread."""
    site.block(SOURCE)
    job = site.sbatch("-w", "vm3", "--wrap=true")
    labslurm.await_(lambda: site.phase("vm3") == "cloning", "the clone")
    rewrite(site, "Lanes=8", "Lanes=8 Colour=red")
    says(site, ["reload"], CRITICAL, "Colour", "a wrong key: 2")
    says(site, ["reload"], CRITICAL, "sclone.conf:", "with file and line: 2")
    rewrite(site, "ClusterName=lab", "ClusterName=other")
    says(site, ["reload"], CRITICAL, "restart", "a fixed key: 2")
    for old, new in (("ClusterName=lab", "ClusterName=lab Insecure=yes"),
                     ("ClusterName=lab", "ClusterName=lab Pin=sha256//AAAA="),
                     ("lab/ca.pem", "lab/other.pem"),
                     ("sclone.password", "sclone.other")):
        rewrite(site, old, new)
        says(site, ["reload"], CRITICAL, "restart", "so is " + new)
    tap.equal(site.status()["sources"][0]["lanes"], 8, "the old one stays")
    rewrite(site, "Lanes=8", "Lanes=3")
    helper = slurm_helper(site)
    code, text = sclone(site, "--json", "reload")
    tap.equal((code, json.loads(text)["nodes"]), (FINE, 4),
              "a good configuration is taken")
    tap.equal(site.status()["sources"][0]["lanes"], 3, "and counts")
    labslurm.await_(lambda: slurm_helper(site) not in (None, helper),
                    "slurm.conf to be read again, too")
    rewrite(site, "NodeName=vm[1-4]", "NodeName=vm[1-5]")
    tap.equal(sclone(site, "reload")[0], FINE, "a node more")
    tap.equal(site.phase("vm5"), "absent", "is known at once")
    site.unblock(SOURCE)
    site.await_job(job, "COMPLETED")
    site.await_clean()
    tap.equal(len(site.history("vm3")), 1, "the clone under way was used")


def test_unreachable(site):
    site.end("vclab")
    site.sbatch("-w", "vm4", "--wrap=true")  # gives a reason to ask it
    labslurm.await_(lambda: sclone(site, "status")[0] == CRITICAL,
                    "vCenter to be missed")
    tap.contains(sclone(site, "status")[1], "vcenter  down",
                 "vCenter is away: 2")
    tap.equal(site.end("scloned"), 0, "scloned ends well without it")
    says(site, ["status"], CRITICAL, "is it running", "no scloned: 2")


with labsclone.Site(nodes=4) as lab:
    lab.fifo = lab.path("fifo")
    os.mkfifo(lab.fifo)
    lab.start()
    test_status(lab)
    test_history(lab)
    test_pause(lab)
    test_hold(lab)
    test_permission(lab)
    test_reload(lab)
    test_unreachable(lab)
sys.exit(tap.done())
