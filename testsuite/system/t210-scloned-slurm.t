#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned-slurm's verbs against a real slurmctld."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def code(answer):
    return answer.get("error", {}).get("code") if answer else None


def names(answer):
    return sorted(node["name"] for node in answer["nodes"])


def words(answer):
    return set(answer["node"]["state"].split("+"))


def test_config(cluster, link):
    tap.equal(link.call("ping"), {}, "ping")
    config = link.call("config")["config"]
    tap.equal((config["cluster"], config["resume_program"],
               config["resume_timeout"], config["suspend_timeout"]),
              ("lab", "/bin/true", 600, 600), "configuration")
    tap.ok(config["clouds_shown"], "PrivateData=cloud is seen")
    tap.equal(config["prolog_epilog_timeout"], 0xffffffff,
              "no PrologEpilogTimeout")
    tap.equal(config["prologs"], [cluster.settings["PrologSlurmctld"]],
              "PrologSlurmctld")
    tap.ok("enable_configless" in config["slurmctld_parameters"],
           "SlurmctldParameters")
    parts = {p["name"]: p for p in link.call("partitions")["partitions"]}
    tap.equal((parts["vm"]["exclusive"], parts["open"]["exclusive"]),
              (True, False), "which partitions are exclusive")
    tap.equal(parts["vm"]["nodes"], cluster.nodes_text, "their nodes")
    tap.equal([parts[name].get("preempt_suspends")
               for name in ("vm", "open", "soft")], [None, True, False],
              "which may suspend jobs, as far as they say")
    tap.equal((config["preempt_suspends"], config["preempt_gang"],
               config["preempt_type"]),
              (False, True, "preempt/partition_prio"), "and what else may")
    tap.equal((parts["open"]["resume_timeout"], parts["vm"]["suspend_time"],
               parts["none"]["suspend_time"]),
              (77, 0, 1), "their own timeouts, none, and none at all to wait")


def test_nodes(cluster, link):
    answer = link.call("nodes")
    tap.ok(answer["complete"], "the first answer tells all")
    tap.equal(names(answer), cluster.nodes, "every node")
    node = answer["nodes"][0]
    tap.equal(node["state"], "IDLE+CLOUD+POWERED_DOWN", "as scontrol says it")
    tap.equal((node["features"], node["cpus"], node["memory"]),
              ("rocky9,ubuntu22", 1, 1), "what it has")
    answer = link.call("nodes")
    tap.equal((answer["complete"], answer["nodes"]), (False, []),
              "then nothing, as nothing changed")
    cluster.update_node("vm3", "DRAIN", "broken fan")
    answer = link.call("nodes")
    tap.equal((answer["complete"], names(answer)), (False, ["vm3"]),
              "then what did")
    tap.equal(answer["nodes"][0]["reason"], "broken fan", "with its reason")
    tap.equal(names(link.call("nodes", all=True)), cluster.nodes,
              "all when asked for")
    tap.ok("DRAIN" in words(link.call("node", name="vm3")), "one node")
    tap.equal(code(link.call("node", name="nosuch")), "NOTFOUND",
              "a node that does not exist")
    before = link.call("nodes", all=True)["nodes"][2]
    cluster.update_node("vm3", "DRAIN", "new fan")
    tap.equal(link.call("node", name="vm3")["node"]["reason"], "new fan",
              "and again")
    cluster.update_node("vm3", "DRAIN", "broken fan")
    tap.equal(link.call("nodes")["nodes"], [before],
              "one that is as the last answer for all had it, but was not in "
              "between, has changed")
    cluster.update_node("vm3", "UNDRAIN")


def test_drain(cluster, link):
    tap.equal(link.call("drain", nodes="vm[3-4]", reason="sclone: (x) y"), {},
              "drain")
    tap.equal(cluster.show("node", "vm4")["Reason"], "sclone:",
              "scontrol shows our reason")
    tap.ok("DRAIN" in cluster.state("vm3"), "both are drained")
    tap.equal(link.call("give_back", nodes="vm4"), {}, "give it back")
    tap.equal(cluster.state("vm4"), {"IDLE", "CLOUD", "POWERED_DOWN"},
              "which leaves no mark on a node that is off")
    tap.equal(link.call("undrain", nodes="vm[3-4]"), {}, "undrain")
    tap.ok("DRAIN" not in cluster.state("vm3"), "none is drained any more")
    tap.equal(code(link.call("drain", nodes="vm3")), "PROTOCOL",
              "a drain needs a reason")
    tap.equal(code(link.call("drain", nodes="nosuch", reason="x")),
              "NOTFOUND", "an unknown node")
    tap.equal(code(link.call("drain", nodes="vm[3-", reason="x")) is None,
              False, "no hostlist")


def test_full_comment(cluster, link, job):
    """There is room for 4096 bytes."""
    def append(text):
        return link.call("admin_comment_append", job=job, text=text)

    def comment(text):
        cluster.scontrol("update", "job", str(job), "AdminComment=" + text)
    long = ["sclone: %d %s" % (n, 1300 * "x") for n in range(4)]
    comment("\n".join(["the site's"] + long[:3]))
    tap.equal((append(long[3]),
               link.call("job", job=job)["job"]["admin_comment"]),
              ({}, "\n".join(["the site's"] + long[1:])),
              "no room: our oldest line goes, and no other")
    comment(4095 * "x")
    tap.equal((code(append("sclone: one")),
               link.call("job", job=job)["job"]["admin_comment"]),
              ("CAPACITY", 4095 * "x"), "still none: that is said")
    comment("")


def test_give_back(cluster, link):
    """Of nodes one of which, vm1, has got a job."""
    link.call("drain", nodes="vm2", reason="sclone: (capacity) x")
    tap.equal(link.call("give_back", nodes="vm[1-2]"), {}, "give back")
    tap.equal(cluster.state("vm2"), {"IDLE", "CLOUD", "POWERED_DOWN"},
              "one with a job leaves no mark on the others")
    tap.ok({"ALLOCATED", "POWERING_UP"} <= cluster.state("vm1"),
           "nor does its job lose it")


def test_job(cluster, link):
    job = cluster.sbatch("-N1", "-w", "vm1", "-C", "rocky9",
                         b"--comment=caf\xe9", "--wrap=true")
    cluster.await_state("vm1", ["ALLOCATED", "POWERING_UP"])
    answer = link.call("job", job=job)["job"]
    tap.equal((answer["id"], answer["uid"], answer["features"],
               answer["partition"], answer["nodes"], answer["batch"]),
              (job, 0, "rocky9", "vm", "vm1", True), "a job")
    tap.equal(answer["state"], "CONFIGURING", "its state")
    tap.equal([link.call("node", name=name, who=True)["job"]
               for name in ("vm1", "vm2")], [job, 0], "whose a node is")
    turn = link.call("node", name="vm1", who=True)["start"]
    tap.equal([link.call("node", name="vm1", who=True, job=number,
                         start=start)["job"]
               for number, start in ((job, turn), (job + 1, turn - 1),
                                     (job - 1, turn + 1))], [0, job, 0],
              "and who came after a job's turn, whatever the numbers")
    tap.equal(answer["comment"], "caf?",
              "its user's comment, though it is Latin-1")
    for text in "sclone: first", "sclone: second", "sclone: first":
        tap.equal(link.call("admin_comment_append", job=job, text=text), {},
                  "a line is added")
    tap.equal(link.call("job", job=job)["job"]["admin_comment"],
              "sclone: first\nsclone: second", "after the others, once")
    tap.contains(cluster.scontrol("show", "job", str(job)), "Comment=caf",
                 "the user's comment is not touched")
    test_full_comment(cluster, link, job)
    test_give_back(cluster, link)
    tap.equal(code(link.call("admin_comment_append", job=job,
                             text="forbidden")), "REFUSED",
              "a job_submit plugin that says no, whatever its number")
    tap.equal(code(link.call("job", job=99999)), "NOTFOUND", "no such job")
    tap.equal(code(link.call("notify_job", job=99999, text="x")), "NOTFOUND",
              "nobody to tell")
    return job


def test_requeue(cluster, link):
    job = cluster.sbatch("-w", "vm3", "--wrap=true")
    cluster.await_state("vm3", ["POWERING_UP"])
    tap.equal(link.call("requeue_job", job=job, node="vm3"), {}, "requeue")
    tap.equal(cluster.show("job", job)["Restarts"], "1",
              "takes a job off its node")
    tap.equal((link.call("requeue_job", job=job, node="vm3"),
               cluster.show("job", job)["Restarts"]), ({}, "1"),
              "a job that holds no node is left alone")
    cluster.run("scancel", str(job))
    stay = cluster.sbatch("-w", "vm4", "--no-requeue", "--wrap=true")
    cluster.await_state("vm4", ["ALLOCATED"])
    tap.equal(code(link.call("requeue_job", job=stay, node="vm4")), "REFUSED",
              "--no-requeue is respected")
    cluster.run("scancel", str(stay))
    labslurm.await_(lambda: cluster.job_state(stay) == "CANCELLED", "scancel")
    tap.equal((link.call("requeue_job", job=stay, node="vm4"),
               cluster.job_state(stay)),
              ({}, "CANCELLED"), "an ended job does not run again")
    tap.equal(link.call("kill_job", job=stay, node="vm4"), {},
              "nor is it ended twice")


def test_kill(cluster, link):
    """srun has no batch script that could run again."""
    child = cluster.background("srun", "-w", "vm4", "-Jinteractive", "true")
    job = labslurm.await_(lambda: cluster.run(
        "squeue", "-h", "-ninteractive", "-tCF", "-o%i")[1].strip(), "srun")
    tap.equal((link.call("kill_job", job=int(job), node="vm3"),
               cluster.job_state(job)), ({}, "CONFIGURING"),
              "a job on other nodes is left alone")
    tap.equal(code(link.call("requeue_job", job=int(job), node="vm4")),
              "REFUSED", "srun is not requeued")
    tap.equal(link.call("kill_job", job=int(job), node="vm4"), {}, "but ended")
    labslurm.await_(lambda: cluster.job_state(job) == "CANCELLED", "its end")
    child.communicate(timeout=labslurm.BOUND)
    tap.equal(link.call("kill_job", job=99999, node="vm4"), {},
              "no job, nothing to end")


def test_array(cluster, link):
    """One task of an array has the array's own number."""
    array = cluster.sbatch("--array=1-2", "-x", "vm1,vm2", "--wrap=true")

    def rows():
        text = cluster.run("squeue", "-h", "-j%d" % array, "-tCF",
                           "-o%A %K %N")[1]
        return [line.split() for line in text.splitlines()]
    labslurm.await_(lambda: len(rows()) == 2, "both tasks to have nodes")
    tasks = {int(number): (task, node) for number, task, node in rows()}
    other = next(number for number in tasks if number != array)
    tap.equal({number: link.call("job", job=number)["job"]["nodes"]
               for number in tasks},
              {number: node for number, (_, node) in tasks.items()},
              "each task is known by its number")
    tap.equal(link.call("kill_job", job=array, node=tasks[array][1]), {},
              "the one with the array's number is ended")
    labslurm.await_(lambda: cluster.job_state(
        "%d_%s" % (array, tasks[array][0])) == "CANCELLED", "its end")
    tap.equal(cluster.job_state(other), "CONFIGURING", "and no other")
    tap.equal((link.call("requeue_job", job=other, node=tasks[other][1]),
               cluster.show("job", other)["Restarts"]), ({}, "1"),
              "a task is requeued")
    tap.equal(link.call("kill_job", job=other, node=tasks[other][1]), {},
              "there is nothing to end on the node it had")
    more = cluster.sbatch("--array=3-4", "-x", "vm1,vm2", "--wrap=true")
    labslurm.await_(lambda: cluster.job_state("%d_3" % more) ==
                    "CONFIGURING", "a task to have a node")
    shown = cluster.show("job", "%d_3" % more)
    tap.equal(link.call("kill_job", job=int(shown["JobId"]),
                        node=shown["NodeList"]), {}, "a task is ended")
    labslurm.await_(lambda: cluster.job_state("%d_3" % more) == "CANCELLED",
                    "its end")
    cluster.run("scancel", str(array), str(more))


def test_het(cluster, link):
    """Of a heterogeneous job its later parts cannot go alone."""
    script = cluster.path("het.sh")
    cluster.write("het.sh", "#!/bin/sh\ntrue\n")
    job = cluster.sbatch("-w", "vm3", ":", "-w", "vm4", script)

    def parts(state):
        return labslurm.await_(lambda: [cluster.job_state(part) for part in
                                        (job, job + 1)] == [state, state],
                               "both parts to be " + state)
    parts("CONFIGURING")
    tap.equal(link.call("requeue_job", job=job + 1, node="vm4"), {},
              "a part of a heterogeneous job is requeued")
    parts("PENDING")
    tap.equal([cluster.show("job", part)["Restarts"]
               for part in (job, job + 1)], ["1", "1"], "with all of it")
    cluster.run("scancel", str(job))
    job = cluster.sbatch("-w", "vm3", ":", "-w", "vm4", script)
    parts("CONFIGURING")
    tap.equal(link.call("kill_job", job=job + 1, node="vm4"), {},
              "a part is ended")
    parts("CANCELLED")
    tap.ok(True, "with all of it")


def test_force_down(cluster, link, job):
    tap.equal(link.call("mark", nodes="vm1"), {}, "mark a node being made")
    state = words(link.call("node", name="vm1"))
    tap.ok({"ALLOCATED", "POWER_DOWN", "POWERING_UP"} <= state,
           "it stays allocated, and goes afterwards")
    tap.equal(link.call("force_down", nodes="vm1",
                        reason="sclone: (clone) no room"), {},
              "force a node down")
    cluster.await_state("vm1", ["IDLE", "POWERING_DOWN"])
    tap.ok("sclone: (clone) no room" in cluster.scontrol("show", "node",
                                                         "vm1"),
           "the reason is kept")
    tap.equal(cluster.job_state(job), "PENDING", "its job is requeued")
    tap.equal(link.call("node_resume", nodes="vm1"), {}, "resume")
    tap.ok({"IDLE", "POWERED_DOWN"} <= cluster.state("vm1"),
           "ends POWERING_DOWN at once, long before SuspendTimeout")
    cluster.run("scancel", str(job))
    labslurm.await_(lambda: cluster.job_state(job) == "CANCELLED", "scancel")
    tap.equal(code(link.call("admin_comment_append", job=job, text="late")),
              "REFUSED", "an ended job takes no comment")


def test_single_use(cluster, link):
    """A marked node runs its job and no second one."""
    first = cluster.sbatch("-w", "vm2", "--wrap=true")
    second = cluster.sbatch("-w", "vm2", "--wrap=true")
    cluster.await_state("vm2", ["POWERING_UP"])
    tap.equal(link.call("mark", nodes="vm2"), {}, "mark")
    cluster.start_slurmd("vm2")
    labslurm.await_(lambda: cluster.job_state(first) == "COMPLETED",
                    "the job to run")
    cluster.await_state("vm2", ["POWERING_DOWN"])
    tap.equal(cluster.job_state(second), "PENDING",
              "a marked node is powered down, whoever waits for it")
    cluster.end("slurmd-vm2")
    tap.equal(link.call("node_resume", nodes="vm2"), {}, "its VM is gone")
    cluster.await_state("vm2", ["ALLOCATED"])
    tap.ok(True, "now the second job gets a new one")
    cluster.run("scancel", str(second))


def test_hostile(cluster):
    link = labslurm.Link(cluster)
    tap.equal(code(link.call("ping", deadline=1)), "TRANSIENT",
              "a call past its deadline is not done")
    tap.equal(code(link.call("destroy")), "PROTOCOL", "an unknown verb")
    tap.equal(code(link.call("mark", nodes=7)), "PROTOCOL",
              "a member of the wrong type")
    tap.equal(link.close(), 0, "it ends when nobody is there")
    for junk in b"{}\n", b"junk\n", b'{"id":"x"}\n', b"x" * 3000000:
        link = labslurm.Link(cluster)
        tap.equal(link.send(junk), b"", "junk is not answered")
        tap.equal(link.close(), 1, "and ends it")
    cluster.write("bad.conf", "NoSuchKey=1\n")
    link = labslurm.Link(cluster, "--conf", cluster.path("bad.conf"))
    tap.equal(link.call("ping"), None, "a bad slurm.conf: no answer")
    tap.ok(link.close() not in (0, None), "libslurm ends the process")


def test_slurmctld_away(cluster, link):
    cluster.end("slurmctld", signal.SIGKILL)
    tap.equal(code(link.call("node", name="vm1")), "TRANSIENT",
              "no slurmctld: TRANSIENT")
    cluster.start_slurmctld()
    tap.equal(link.call("ping"), {}, "it is back: so are the answers")


with labslurm.Cluster(nodes=4) as lab:
    # As sclone-prolog does it, or the job would start at the next 30 s tick.
    lab.settings["PrologSlurmctld"] = lab.script(
        "prolog", "export SLURM_CONF=%s\n"
        "while scontrol show node $SLURM_JOB_NODELIST | "
        "grep -q 'State=.*POWER\\(ING_UP\\|ED_DOWN\\)'; do sleep 0.1; done\n"
        % lab.conf_path)
    lab.more += ["PartitionName=open Nodes=vm[1-4] ResumeTimeout=77 "
                 "PreemptMode=SUSPEND",
                 "PartitionName=soft Nodes=vm[1-4] PreemptMode=REQUEUE",
                 "PartitionName=none SuspendTime=0"]
    lab.settings["JobSubmitPlugins"] = "lua"
    lab.write("job_submit.lua", """
function slurm_job_submit(job, partitions, uid)
    return slurm.SUCCESS
end
function slurm_job_modify(job, old, partitions, uid)
    if job.admin_comment == "forbidden" then return slurm.ERROR end
    return slurm.SUCCESS
end
""")
    lab.settings["PreemptType"] = "preempt/partition_prio"
    lab.settings["PreemptMode"] = "REQUEUE,GANG"
    lab.start()
    client = labslurm.Link(lab)
    test_config(lab, client)
    test_nodes(lab, client)
    test_drain(lab, client)
    test_force_down(lab, client, test_job(lab, client))
    test_single_use(lab, client)
    test_requeue(lab, client)
    test_kill(lab, client)
    test_array(lab, client)
    test_het(lab, client)
    test_hostile(lab)
    test_slurmctld_away(lab, client)
    if not tap.equal(client.close(), 0, "the child ends with its scloned"):
        tap.diag(client.said)
sys.exit(tap.done())
