#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`sclone plan` decides as scloned does: from a snapshot taken just before a
burst it tells which node gets which source, in the order in which scloned
then gives them; and it says why a node gets none."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

SOURCES = ["%s/rocky9-esx%02d" % (labsclone.TEMPLATES, n) for n in (1, 2, 3)]
LANES = 2


def plan(site, *args, path="snapshot.json"):
    code, text = site.sclone("--json", "plan", *args, "--snapshot",
                             site.path(path), check=False)
    return code, json.loads(text) if text.startswith("{") else text


def placed(reply):
    """[(node, source, template)] in the order of the decisions."""
    rows = [row for row in reply["nodes"] if row["fate"] == "cloned"]
    return [(row["node"], row["source"], row["template"])
            for row in sorted(rows, key=lambda row: row["order"])]


def admitted(site, job):
    """The same as scloned did it for a job, from its memory."""
    code, text = site.sclone("--json", "why", str(job), check=False)
    rows = sorted((row["number"], entry["node"],
                   row["text"].split("; ")[0],
                   entry["record"]["req.template"])
                  for entry in (json.loads(text)["nodes"] if code == 0
                                else [])
                  for row in entry["decisions"] if row["what"] == "admitted")
    return [row[1:] for row in rows]


def wait_for(site, job, count):
    labslurm.await_(lambda: len(admitted(site, job)) >= count,
                    "%d admissions of job %d" % (count, job))
    return admitted(site, job)[:count]


def test_burst(site):
    """On three hosts, one lane in use; no clone ends before all are given."""
    for source in SOURCES:
        site.block(source)
    first = site.sbatch("-w", "vm1", "--wrap=true")
    wait_for(site, first, 1)
    site.sclone("snapshot", site.path("snapshot.json"))
    job = site.sbatch("-N7", "-w", "vm[2-8]", "--wrap=true")
    lanes = len(SOURCES) * LANES - 1
    done = wait_for(site, job, lanes)
    code, reply = plan(site, "vm[2-8]")
    tap.equal(code, 0, "every node can be cloned")
    tap.equal(placed(reply)[:lanes], done,
              "the same nodes get the same sources in the same order")
    tap.equal(sorted({source for _, source, _ in done}), SOURCES,
              "on all hosts")
    starts = [row["start"] for row in
              sorted(reply["nodes"], key=lambda row: row["order"])]
    tap.ok(max(starts[:lanes]) == reply["at"] < min(starts[lanes:]),
           "the others when lanes are free")
    code, reply = plan(site, "vm1")
    tap.equal((code, reply["nodes"][0]["why"]),
              (1, "it is being cloned already"), "and vm1 has a clone")
    for source in SOURCES:
        site.unblock(source)
    for each in first, job:
        site.await_job(each, "COMPLETED")
    site.await_clean()


def test_in_use(site):
    os.mkfifo(site.path("fifo"))
    job = site.sbatch("-w", "vm1", "--wrap=cat " + site.path("fifo"))
    site.await_job(job, "RUNNING")
    labslurm.await_(lambda: site.phase("vm1") == "ready", "the node")
    site.sclone("snapshot", site.path("snapshot.json"))
    code, reply = plan(site, "vm1")
    tap.equal((code, reply["nodes"][0]["fate"], reply["nodes"][0]["why"]),
              (1, "waits", "ready for job %d: its VM must be proven gone "
               "first" % job), "a node in use is not free yet")
    with open(site.path("fifo"), "w"):
        pass
    site.await_job(job, "COMPLETED")
    site.await_clean()


def test_resume_file(site):
    """What Slurm gave ResumeProgram, with the job's template in it."""
    site.write("resume.json", json.dumps({
        "all_nodes_resume": "vm[1-3],pet1",
        "jobs": [{"job_id": 7, "nodes_resume": "vm[1-2]",
                  "features": "ubuntu22&x", "partition": "cloud"},
                 {"job_id": 8, "nodes_resume": "vm3",
                  "features": "rocky9&ubuntu22", "partition": "cloud"}]}))
    site.sclone("snapshot", site.path("snapshot.json"))
    code, reply = plan(site, site.path("resume.json"))
    rows = {row["node"]: row for row in reply["nodes"]}
    tap.equal((code, [(name, row["fate"]) for name, row in rows.items()]),
              (1, [("vm1", "cloned"), ("vm2", "cloned"), ("vm3", "refused"),
                   ("pet1", "refused")]), "a file of Slurm's is read")
    tap.equal((rows["vm1"]["template"], rows["vm1"]["choice"]),
              ("ubuntu22", "features 'ubuntu22&x'"),
              "with the template that its job names")
    tap.contains(rows["vm3"]["why"], "cannot be both",
                 "two at once are refused as scloned does")
    tap.equal(rows["pet1"]["why"], "not in sclone.conf",
              "and so is a node of others")
    code, reply = plan(site, "vm1", "--template", "ubuntu22")
    tap.equal(reply["nodes"][0]["template"], "ubuntu22",
              "--template asks for another one")
    code, reply = plan(site, "vm1", "--template", "nonsense")
    tap.contains(reply["nodes"][0]["why"], "it cannot become nonsense",
                 "which must be one of the node's")


def test_reasons(site):
    """What keeps nodes from being cloned is told as scloned would."""
    site.sclone("pause")
    site.sclone("template", "drain", "rocky9-esx02", "--reason", "its disk")
    code, text = site.sclone("plan", "vm[1-2]", check=False)
    tap.equal(code, 1, "without a file scloned is asked itself")
    tap.contains(text, "waits: (BUSY) paused; sclone unpause goes on",
                 "which is paused")
    site.sclone("unpause")
    code, text = site.sclone("plan", "vm[1-2]", check=False)
    tap.equal(code, 0, "when it is not, they are cloned")
    tap.contains(text, "rocky9-esx02 drained by an admin",
                 "past a source that is drained")
    site.sclone("template", "undrain", "rocky9-esx02")


def test_isolation(site):
    """Nodes that Slurm would share among jobs get no clones."""
    site.end("scloned")
    site.scontrol("update", "PartitionName=vm", "OverSubscribe=NO")
    site.start_scloned()
    labslurm.await_(lambda: "no clones for its nodes: " in
                    site.tail("scloned.out", 1000), "it to be told so")
    why = site.tail("scloned.out", 1000).partition(
        "no clones for its nodes: ")[2].split("\n")[0]
    site.sclone("snapshot", site.path("shared.json"))
    site.scontrol("update", "PartitionName=vm", "OverSubscribe=EXCLUSIVE")
    code, reply = plan(site, "vm[1-2]", path="shared.json")
    tap.equal((code, [(row["fate"], row["why"]) for row in reply["nodes"]]),
              (1, [("refused", why)] * 2),
              "nodes that jobs share are refused, in scloned's words")


def test_away(site):
    """A snapshot is enough, and no secret is in it."""
    site.end("scloned")
    code, text = site.sclone("plan", "vm1", check=False)
    tap.equal(code, 2, "without scloned there is none")
    tap.contains(text, "--snapshot FILE", "but it says what helps")
    code, reply = plan(site, "vm1")
    tap.equal((code, reply["nodes"][0]["fate"]), (0, "cloned"),
              "a saved one does")
    code, text = plan(site, "vm1", path="resume.json")
    tap.contains(text, "'snapshot'", "which must be one")


with labsclone.Site(nodes=8, sources={"rocky9": 3, "ubuntu22": 1},
                    lanes=LANES) as site_:
    site_.start()
    test_burst(site_)
    test_in_use(site_)
    test_resume_file(site_)
    test_reasons(site_)
    test_isolation(site_)
    test_away(site_)
sys.exit(tap.done())
