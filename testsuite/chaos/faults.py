# SPDX-License-Identifier: GPL-2.0-or-later
"""One fault at a time, while eight nodes are asked for or given back.

A case arms its fault, before the burst or before its end, and says how the
burst must end: all nodes serve their jobs, or jobs are told of a code. In any
case each job ends so or so, and no VM is left, which run() checks itself; the
auditor has the last word over all cases.
"""
import json
import time

from chaossite import labsclone, labslurm, tap

NODES = 8
SOURCE = labsclone.TEMPLATES + "/rocky9-esx01"
CLONE, DESTROY, OFF = "InstantClone_Task", "Destroy_Task", "PowerOffVM_Task"
MINUTE = 60 * 10 ** 9


class Case:
    """rules: (kind, method, more) of /lab/fault, armed while nodes come up;
    late: the same, armed before they are given back. told: a code that jobs
    are told, instead of all being served."""

    def __init__(self, name, rules=(), late=(), told=None):
        self.name = name
        self.rules = rules
        self.late = late
        self.told = told

    def before(self, site):
        arm(site, self.rules)

    def during(self, site):
        """After the burst was asked for."""

    def between(self, site):
        arm(site, self.late)

    def after(self, site):
        """Once the jobs have ended; what was broken is mended."""


def arm(site, rules):
    for kind, method, more in rules:
        site.fault(kind, method, **more)


def once(kind, method, **more):
    return ((kind, method, more),)


def each(kind, *methods, **more):
    return tuple((kind, method, more) for method in methods)


class Away(Case):
    """Nothing gets through. Requests wait until their deadline, releases for
    ever."""

    def before(self, site):
        site.fault("reset", "*", times=0)

    def during(self, site):
        site.wait(lambda: len(nodes(site)) == NODES, "requests to be taken")
        for _ in range(11):
            site.leap(MINUTE)

    def between(self, site):
        pass


class AwayLater(Case):
    """The same for an hour while VMs are to be released."""

    def between(self, site):
        site.fault("http503", "*", times=0)

    def after(self, site):
        site.wait(lambda: are_going(site), "releases to wait")
        for _ in range(60):
            site.leap(MINUTE)
        tap.equal(len(clones(site)), NODES, "releases wait for an hour")
        site.wait(lambda: are_going(site), "releases to wait on")
        site.fault("clear")


def clones(site):
    """Names of the VMs that are there."""
    with site.table.changed:
        return sorted(name for name, ids in site.table.vms.items() if ids)


def nodes(site):
    """{name: phase} of the nodes in use; when scloned does not answer, one
    that is nobody's."""
    status = site.status()
    if not status:
        return {"": "unknown"}
    return {node["node"]: node["phase"] for node in status["nodes"]}


def phases(site):
    return set(nodes(site).values())


def are_refused(site):
    """Some were tried in vain, and none is tried now."""
    status = site.status()
    return status and any("error" in node for node in status["nodes"]) and \
        {node["phase"] for node in status["nodes"]} == {"requested"}


def are_going(site):
    """All nodes are to be released; of some it may not be known yet whether
    their clones were made."""
    return len(nodes(site)) == NODES and \
        phases(site) <= {"releasing", "condemned"}


class HostLost(Case):
    """A host does not respond: the other one makes the clones."""

    def before(self, site):
        site.fault("host_lost", host="esx01", lost=True)

    def after(self, site):
        site.fault("host_lost", host="esx01", lost=False)


class HostLostLater(Case):
    def between(self, site):
        site.fault("host_lost", host="esx01", lost=True)

    def after(self, site):
        site.wait(lambda: len(clones(site)) < NODES,
                  "the VMs of the other host to go")
        site.fault("host_lost", host="esx01", lost=False)


class NoRoom(Case):
    """Nobody has room. Requests wait for it until their deadline."""

    def during(self, site):
        site.wait(lambda: len(nodes(site)) == NODES and are_refused(site),
                  "no room for those that were tried")
        for _ in range(11):
            site.leap(MINUTE)


class Full(NoRoom):
    """Nor has the datastore."""

    def __init__(self):
        super().__init__("datastore full", told="CAPACITY")

    def before(self, site):
        site.fault("datastore_full", datastore="ds1", full=True)

    def after(self, site):
        site.fault("datastore_full", datastore="ds1", full=False)


class Asked(Case):
    """A source waits for an answer; then its clones do."""

    def before(self, site):
        site.block(SOURCE)

    def during(self, site):
        site.wait(lambda: len(clones(site)) > 0, "the other source's clones")
        site.unblock(SOURCE)


class AskedLater(Case):
    def between(self, site):
        site.block(labsclone.FOLDER + "/vm1")

    def after(self, site):
        site.wait(lambda: clones(site) == ["vm1"], "the others to go")
        site.unblock(labsclone.FOLDER + "/vm1")


class Moved(Case):
    """Clones and a source move to another host."""

    def between(self, site):
        for vm in SOURCE, labsclone.FOLDER + "/vm2":
            site.lab("vm", vm=vm, action="migrate", host="esx02")

    def after(self, site):
        site.lab("vm", vm=SOURCE, action="migrate", host="esx01")


class MovedSource(Case):
    def during(self, site):
        site.lab("vm", vm=SOURCE, action="migrate", host="esx02")

    def after(self, site):
        site.lab("vm", vm=SOURCE, action="migrate", host="esx01")


def cases():
    yield Case("nothing")
    yield from of_clones()
    yield from of_peers()
    yield from of_releases()
    yield from of_places()


def of_clones():
    room = "InsufficientResourcesFault"
    yield Case("a clone of many fails", once("task_error", CLONE, nth=3,
                                             type=room))
    yield Case("a host has no room for some", once("task_error", CLONE,
                                                   times=5, type=room))
    yield NoRoom("no clone succeeds", once("task_error", CLONE, times=0,
                                           type=room), told="CAPACITY")
    yield Case("what can never be", once("fault", CLONE, nth=2,
                                         type="NotSupported"), told="CONFIG")
    yield Case("a clone's task fails at its end",
               once("error_after_success", CLONE, nth=2, times=3))
    for kind in "reply_lost", "half_reply", "reset", "http503":
        yield Case("clone: " + kind, once(kind, CLONE, nth=2, times=3))
    yield Case("clone: slow_bytes", once("slow_bytes", CLONE, nth=4, bytes=50))
    yield Case("clone: huge_reply", once("huge_reply", CLONE, nth=4,
                                         bytes=1 << 20))
    yield Case("busy", once("task_error", CLONE, times=3,
                            type="TaskInProgress"))


def of_peers():
    yield Case("session expires in a burst",
               once("expire_session", CLONE, nth=4))
    yield Case("vCenter restarts in a burst", once("restart", CLONE, nth=4))
    yield Case("vCenter restarts under its clones", once(
        "restart", "RetrievePropertiesEx", nth=3))
    yield Case("everything is 503 for a while", once("http503", "*",
                                                     times=15))
    yield Case("everything is reset for a while", once("reset", "*",
                                                       times=15))
    yield Case("waits fail", each("half_reply", "WaitForUpdatesEx", times=3))


def of_releases():
    for method in OFF, DESTROY:
        for kind in ("reply_lost", "half_reply", "reset", "http503",
                     "error_after_success", "task_error", "restart",
                     "expire_session"):
            yield Case("%s: %s" % (method, kind),
                       late=once(kind, method, nth=2, times=2))
    yield Case("reads fail in a release", late=each(
        "http503", "RetrievePropertiesEx", "FindByUuid", times=3))
    yield Case("reads are slow in a release", late=once(
        "slow_bytes", "RetrievePropertiesEx", bytes=500))
    yield Case("the datastore cannot be searched", late=once(
        "task_error", "SearchDatastore_Task", times=0, type="FileFault"))


def of_places():
    yield Full()
    yield HostLost("a host is lost")
    yield HostLostLater("a host is lost under its clones")
    yield Asked("a source has a question")
    yield AskedLater("a clone has a question")
    yield Moved("clones and a source move")
    yield MovedSource("a source moves in a burst")
    yield AwayLater("vCenter is away for an hour, releases")
    yield Away("vCenter is away until the deadline", told="DEADLINE")


# --- running ---------------------------------------------------------------

def missed(site, case, since):
    """A rule that never struck: the case would show nothing."""
    struck = {(entry["kind"], entry["method"])
              for entry in site.witness("fault") if entry["time"] >= since}
    for kind, method, _ in (*case.rules, *case.late):
        if not any(kind == k and method in ("*", m) for k, m in struck):
            return "%s of %s never struck" % (kind, method)
    return None


def told(site, since):
    """{job: texts} that scloned put into admin comments since then."""
    texts = {}
    with open(site.path("slurm.log")) as file:
        for entry in map(json.loads, file):
            if entry["event"] == "told" and entry["time"] >= since:
                texts.setdefault(entry["job"], []).append(entry["text"])
    return texts


def burst(site, case):
    """The burst's jobs: {number: how it went before it was ended}."""
    table = site.table
    numbers = [table.allocate(["vm1", "vm2", "vm3", "vm4"])]
    numbers += [table.allocate(["vm%d" % n]) for n in range(5, NODES + 1)]
    case.during(site)
    site.wait(lambda: all(table.jobs[n].state != "CONFIGURING"
                          for n in numbers), "jobs to run or be sent away")
    return {n: table.jobs[n].state for n in numbers}


def judge(case, jobs, texts):
    """What is wrong with the burst's end; None: nothing."""
    for number, state in jobs.items():
        if state == "RUNNING" and number in texts:
            return "job %d ran, but was told %s" % (number, texts[number])
        if state != "RUNNING" and number not in texts:
            return "job %d is %s and was told nothing" % (number, state)
    if case.told and not any("sclone: (%s)" % case.told in text
                             for some in texts.values() for text in some):
        return "nobody was told %s: %s" % (case.told, texts)
    if not case.told and texts:
        return "not all were served: %s" % texts
    return None


def run(site, case):
    since = time.time_ns() // 1000
    case.before(site)
    jobs = burst(site, case)
    if case.told:
        site.fault("clear")
    case.between(site)
    for number in jobs:
        site.table.complete(number)
    case.after(site)
    site.wait(lambda: not clones(site) and phases(site) == set(),
              "all VMs to go")
    site.fault("clear")
    resume_drained(site)
    try:
        site.await_settled()
    except labslurm.Late as late:
        return str(late)
    return missed(site, case, since) or judge(case, jobs,
                                              told(site, since))


def resume_drained(site):
    """What a human does who was asked to."""
    def is_quiet():
        return all(node.is_free() or node.is_kept()
                   for node in site.table.nodes.values())

    site.wait(is_quiet, "nodes to come back")
    for node in site.table.nodes.values():
        if node.is_kept():
            site.table.resume(node.name)
