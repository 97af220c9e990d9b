#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""slurmctld calls the front ends: what ends up in the spool."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


def prepare(cluster):
    """Programs that spool below the cluster's directory."""
    os.mkdir(cluster.path("spool"))
    cluster.write("sclone.conf", "ClusterName=lab\nNodeName=%s Templates=t\n"
                  % cluster.nodes_text)
    places = ["--socket", cluster.path("sclone.sock")]
    spool = ["--spool", cluster.path("spool")]
    cluster.wrap("ResumeProgram", "sclone-resume", *spool, *places)
    cluster.wrap("SuspendProgram", "sclone-suspend", *spool, *places)
    cluster.wrap("ResumeFailProgram", "sclone-resume-fail", *spool, *places)
    cluster.wrap("PrologSlurmctld", "sclone-prolog", "--conf",
                 cluster.path("sclone.conf"), *places)
    return labslurm.Listener(cluster.path("sclone.sock"))


def requests(cluster, kind):
    """The spooled requests of a kind, oldest first."""
    found = []
    for name in sorted(os.listdir(cluster.path("spool"))):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(cluster.path("spool"), name)) as file:
            request = json.load(file)
        if request["kind"] == kind:
            found.append(request)
    return found


def await_request(cluster, kind, count=1):
    return labslurm.await_(
        lambda: len(requests(cluster, kind)) >= count
        and requests(cluster, kind)[count - 1], "a %s request" % kind)


def test_job():
    with labslurm.Cluster(nodes=4) as cluster:
        scloned = prepare(cluster)
        cluster.start()
        job = cluster.sbatch("-N2", "--wrap=true")
        request = await_request(cluster, "resume")
        tap.equal(request["nodes"], "vm[1-2]", "a job's nodes are spooled")
        tap.equal(request["argv"][-1], "vm[1-2]", "as slurmctld gave them")
        resume = json.loads(request["resume"])
        tap.equal([j["job_id"] for j in resume["jobs"]], [job],
                  "with slurmctld's JSON, which names the job")

        client, call = scloned.take_verb("wait")
        tap.equal((call["job"], call["nodes"]), (job, "vm[1-2]"),
                  "the prolog waits for the job's nodes")
        tap.equal(cluster.job_state(job), "CONFIGURING",
                  "and the job with it")
        client.sendall(b'{"v":1}\n')

        cluster.scontrol("update", "NodeName=vm4", "State=POWER_UP")
        request = await_request(cluster, "resume", 2)
        tap.equal(request["nodes"], "vm4", "a manual power up is spooled")
        tap.equal(json.loads(request["resume"]).get("jobs"), [],
                  "and names no job")

        cluster.update_node("vm[1-2]", "POWER_DOWN_FORCE", "test")
        request = await_request(cluster, "suspend")
        tap.equal(request["nodes"], "vm[1-2]", "a power down is spooled")
        tap.ok("resume" not in request, "without a JSON")
        tap.equal(requests(cluster, "resume-fail"), [], "nothing has failed")
        tap.ok("exit status" not in cluster.tail("slurmctld.log", 10000),
               "slurmctld saw no program fail")
        scloned.close()


def refuse(scloned, job):
    """Let the prolog of this job fail, and others that ask meanwhile: one
    that was requeued asks again."""
    asking = None
    while asking != job:
        client, call = scloned.take_verb("wait")
        client.sendall(b'{"v":1,"refused":"no"}\n')
        asking = call["job"]


def test_refused():
    """Prologs of jobs that must not start."""
    with labslurm.Cluster(nodes=2) as cluster:
        scloned = prepare(cluster)
        cluster.start()
        job = cluster.sbatch("-w", "vm1", "--wrap=true")
        refuse(scloned, job)
        labslurm.await_(lambda: cluster.show("job", job)["Restarts"] == "1",
                        "the requeue")
        tap.ok(True, "a job that is refused is requeued")
        job = cluster.sbatch("-w", "vm2", "--no-requeue", "--wrap=true")
        refuse(scloned, job)
        labslurm.await_(lambda: cluster.job_state(job) == "CANCELLED",
                        "the end")
        tap.ok(True, "or ended, when it cannot be")
        scloned.close()


def test_resume_fail():
    with labslurm.Cluster(nodes=2) as cluster:
        scloned = prepare(cluster)
        cluster.settings["ResumeTimeout"] = "5"
        cluster.start()
        cluster.scontrol("update", "NodeName=vm2", "State=POWER_UP")
        request = await_request(cluster, "resume-fail")
        tap.equal(request["nodes"], "vm2",
                  "a node that does not come in time is spooled")
        scloned.close()


def node_state(cluster):
    return cluster.show("node", "vm1")["State"]


def test_overtaken():
    """A busy controller: SuspendProgram runs after the node is given out
    anew, though slurmctld started it before."""
    with labslurm.Cluster(nodes=1) as cluster:
        scloned = prepare(cluster)
        os.mkfifo(cluster.path("gate"))
        cluster.settings["SuspendProgram"] = cluster.script(
            "late", ": >'%s'\nread go <'%s'\nexec '%s' \"$@\"\n"
            % (cluster.path("started"), cluster.path("gate"),
               cluster.settings["SuspendProgram"]))
        cluster.start()
        cluster.scontrol("update", "NodeName=vm1", "State=POWER_UP")
        first = await_request(cluster, "resume")
        cluster.update_node("vm1", "POWER_DOWN_FORCE", "test")
        labslurm.await_(lambda: os.path.exists(cluster.path("started")),
                        "SuspendProgram")
        cluster.update_node("vm1", "RESUME")
        labslurm.await_(lambda: "POWERED_DOWN" in node_state(cluster),
                        "the node to be free")
        cluster.scontrol("update", "NodeName=vm1", "State=POWER_UP")
        second = await_request(cluster, "resume", 2)
        with open(cluster.path("gate"), "w") as gate:
            gate.write("go\n")
        late = await_request(cluster, "suspend")
        tap.ok(late["id"] > second["id"], "a suspend that is written late")
        tap.ok(first["time"] <= late["time"] < second["time"],
               "has the time at which slurmctld began it: %d, %d, %d"
               % (first["time"], late["time"], second["time"]))
        scloned.close()


def test_without_scloned():
    with labslurm.Cluster(nodes=1) as cluster:
        prepare(cluster).close()
        cluster.wrap("PrologSlurmctld", "sclone-prolog", "--conf",
                     cluster.path("sclone.conf"), "--socket",
                     cluster.path("sclone.sock"), "--patience", "4")
        cluster.start()
        job = cluster.sbatch("--wrap=true")
        tap.ok(await_request(cluster, "resume"),
               "no scloned: the request is spooled nevertheless")
        cluster.start_slurmd("vm1")
        labslurm.await_(lambda: cluster.job_state(job) in
                        ("RUNNING", "COMPLETING", "COMPLETED"),
                        "the job to start")
        tap.ok(True, "and the prolog lets the job start")


test_job()
test_refused()
test_resume_fail()
test_overtaken()
test_without_scloned()
sys.exit(tap.done())
