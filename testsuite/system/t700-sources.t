#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Three templates on four hosts: a burst keeps all limits; a host goes into
maintenance in the middle of one, a source loses its power, another is moved,
one fails all its clones, one may not be powered on. Who is back is tried with
one clone."""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402
from labslurm import await_  # noqa: E402

labslurm.require()

TEMPLATES = ("rocky9", "ubuntu22", "alma8")
LANES = 2
IN_FLIGHT = 5
WEAK = "/DC1/vm/weak"  # where the account may clone, but not power on


class Site(labsclone.Site):
    def __init__(self):
        super().__init__(nodes=12, lanes=LANES,
                         sources={name: 4 for name in TEMPLATES})
        self.config["InFlight"] = IN_FLIGHT
        # A bad source of a template that is used by one test alone.
        self.modes["alma8-esx03"] = "fail"
        self.template_keys["alma8"] = {
            "Sources": WEAK + "/alma8-esx[01-04]"}

    def _source(self, template, name):
        source = super()._source(template, name)
        if template == "alma8":
            source["folder"] = WEAK
        return source

    def inventory(self):
        inventory = super().inventory()
        inventory["folders"].append(WEAK)
        inventory["roles"]["Weak"] = ["VirtualMachine.Provisioning.Clone"]
        inventory["users"][0]["permissions"].append(
            {"role": "Weak", "path": WEAK})
        inventory["delays"] = {"InstantClone_Task": {"ms": 200}}
        return inventory

    def source(self, name):
        """The row of sclone status."""
        return {row["path"].rpartition("/")[2]: row
                for row in self.status()["sources"]}[name]

    def await_state(self, name, state):
        await_(lambda: self.source(name)["state"] == state,
               "%s to be %s" % (name, state))
        return self.source(name)

    def burst(self, template, nodes):
        return self.sbatch("-N%d" % nodes, "-C", template, "--wrap=true")

    def finish(self, *jobs):
        """The jobs end well, and the VMs are gone."""
        for job in jobs:
            self.await_job(job, "COMPLETED")
        self.await_clean()

    def names(self):
        """Sources by the ids of their VMs."""
        return {entry["vm"]: entry["name"]
                for entry in self.witness("source_started")}

    def made(self, since=0):
        """The sources of the clones that were made, in order."""
        names = self.names()
        return [names[entry["text"]]
                for entry in self.witness("vm_created")[since:]]


def most(spans):
    """The most that ran at a time."""
    steps = sorted([(begin, 1) for begin, _ in spans] +
                   [(end, -1) for _, end in spans],
                   key=lambda step: (step[0], step[1]))
    now = top = 0
    for _, change in steps:
        now += change
        top = max(top, now)
    return top


def test_burst(site):
    site.finish(*[site.burst(name, 4) for name in ("rocky9", "ubuntu22")])
    names = site.names()
    began = {}
    spans = collections.defaultdict(list)
    for entry in site.witness():
        if entry.get("method") != "InstantClone_Task":
            continue
        if entry["event"] == "task_queued":
            began[entry["task"]] = entry["time"]
        elif entry["event"] == "task_end":
            spans[names[entry["vm"]]].append((began[entry["task"]],
                                              entry["time"]))
    tap.equal({name.rpartition("-")[2] for name in spans}, set(site.hosts),
              "a burst uses all hosts")
    tap.ok(max(most(each) for each in spans.values()) <= LANES,
           "no source has more clones than lanes at a time")
    tap.ok(most(sum(spans.values(), [])) <= IN_FLIGHT,
           "nor have all more than InFlight=")


def test_maintenance(site):
    count = len(site.made())
    jobs = [site.burst(name, 6) for name in ("rocky9", "ubuntu22")]
    await_(lambda: len(site.made()) > count, "the first clone")
    site.fault("maintenance", host="esx02")
    row = site.await_state("rocky9-esx02", "unfit")
    tap.equal(row["why"], "its host esx02 is in maintenance mode",
              "maintenance in a burst: the source is out, and says why")
    at = len(site.made())
    for job in jobs:
        site.await_job(job, "COMPLETED")
    tap.ok([name for name in site.made(at)
            if name.endswith("esx02")] == [],
           "no clone is made there any more")
    tap.equal([site.show("job", job)["Restarts"] for job in jobs],
              ["0", "0"], "and no job is requeued for it")
    # The lab's host keeps VMs that run, and lets nobody at them.
    site.fault("maintenance", host="esx02", on=False)
    site.await_clean()
    tap.equal(site.await_state("rocky9-esx02", "frozen")["trial"], True,
              "after it, the source is on trial")
    # A clone that comes up decides: none is made beside it.
    site.write("mode", "slow")
    for name in ("rocky9-esx01", "rocky9-esx03", "rocky9-esx04"):
        site.sclone("template", "drain", name, "--reason", "test")
    count = len(site.made())
    job = site.burst("rocky9", 3)
    await_(lambda: len(site.made()) > count, "the canary")
    site.reconcile()  # asks vCenter, after all that was sent before
    tap.equal(site.made(count), ["rocky9-esx02"], "with one clone")
    for node in site.nodes:
        site.write("go-" + node, "")
    os.unlink(site.path("mode"))
    site.finish(job)
    tap.equal((site.made(count), site.source("rocky9-esx02")["trial"]),
              (["rocky9-esx02"] * 3, False), "which comes up: it is in use")
    for name in ("rocky9-esx01", "rocky9-esx03", "rocky9-esx04"):
        site.sclone("template", "undrain", name)


def test_power_and_motion(site):
    off, moved, weak = "ubuntu22-esx01", "ubuntu22-esx03", "alma8-esx02"
    site.lab("vm", vm=weak, action="kill")
    for name in site.template_sources["ubuntu22"]:
        if name != moved:
            site.sclone("template", "drain", name, "--reason", "work on it")
    site.lab("vm", vm=off, action="kill")
    site.await_state(off, "off")
    site.lab("vm", vm=moved, action="migrate", host="esx04")
    await_(lambda: site.source(moved)["host"] == "esx04" and
           site.source(moved)["state"] == "frozen",
           "the source to be seen on its new host")
    tap.equal(site.source(moved)["trial"], True,
              "a source that was moved is on trial, too")
    count = len(site.made())
    site.finish(site.burst("ubuntu22", 1))
    tap.equal((site.made(count), site.source(moved)["trial"]),
              ([moved], False), "and is cloned where it is")
    tap.equal([e for e in site.witness("vm_powered_on")
               if e["name"] == off], [],
              "a drained source that is off stays off")
    site.sclone("template", "undrain", off)
    row = site.await_state(off, "frozen")
    tap.equal([e["user"] for e in site.witness("vm_powered_on")
               if e["name"] == off], ["svc-slurm@vsphere.local"],
              "else scloned powers it on, once")
    tap.equal(row["trial"], True, "it froze itself, and is on trial")
    why = ("off: it cannot be powered on: the account lacks "
           "VirtualMachine.Interact.PowerOn on it")
    await_(lambda: why in site.sclone("template", "show", weak,
                                      check=False)[1],
           "the reason why a source stays off")
    tap.equal((site.source(weak)["state"],
               [e for e in site.witness("vm_powered_on")
                if e["name"] == weak]), ("off", []),
              "without the right to it one stays off, which is told")
    site.lab("vm", vm=weak, action="power_on")
    site.lab("vm", vm=weak, action="freeze")
    tap.equal(site.await_state(weak, "frozen")["trial"], True,
              "an admin can do it")


def test_bad_source(site):
    jobs = [site.burst("alma8", 4) for _ in range(3)]
    site.finish(*jobs)
    tap.equal([site.show("job", job)["Restarts"] for job in jobs],
              ["0"] * 3, "one source fails all clones: no job is requeued")
    tap.equal([name for name in site.template_sources["alma8"]
               if site.source(name)["resting"]], ["alma8-esx03"],
              "it rests, and it alone")
    tap.equal(site.source("alma8-esx02")["trial"], False,
              "who was off is back in use")


with Site() as site:
    site.start()
    test_burst(site)
    test_maintenance(site)
    test_power_and_motion(site)
    test_bad_source(site)
sys.exit(tap.done())
