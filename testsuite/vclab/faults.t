#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults on demand, changes behind the client's back, guests that fail."""

import http.client
import ssl

from labtest import *

LOST = (http.client.HTTPException, ConnectionError, ssl.SSLError)


def names(lab):
    return {v["name"] for v in lab.control("vms")["vms"]}


def clone(si, name):
    return find(si, SOURCE).InstantClone_Task(spec=spec(si, name))


def calls(tap, lab, si):
    """Rules that strike a call."""
    strike = dict(method="InstantClone_Task")
    lab.control("fault", kind="fault", type="HostConnectFault", nth=2,
                **strike)
    run(clone(si, "n1"))
    tap.raises(vim.fault.HostConnectFault, lambda: clone(si, "n2"),
               "a SOAP fault at the second call")
    tap.ok("n2" not in names(lab), "which is not executed")
    lab.control("fault", kind="task_error", type="FileFault", **strike)
    tap.raises(vim.fault.FileFault, lambda: run(clone(si, "n3")),
               "a task that fails")
    tap.ok("n3" not in names(lab), "without doing anything")
    lab.control("fault", kind="error_after_success", type="SystemError",
                **strike)
    tap.raises(vmodl.fault.SystemError, lambda: run(clone(si, "n4")),
               "a task that says it failed")
    tap.ok("n4" in names(lab), "but did it")
    lab.control("fault", kind="fault", type="TaskInProgress", times=2,
                **strike)
    for _ in range(2):
        tap.raises(vim.fault.TaskInProgress, lambda: clone(si, "n5"),
                   "a rule may strike twice")
    run(clone(si, "n5"))
    tap.ok("n5" in names(lab), "and no more")


class Raw:
    """A client that sees replies as they are."""

    def __init__(self, lab, si):
        self.lab = lab
        self.cookie = si._stub.cookie
        self.source = find(si, SOURCE)._moId
        self.folder = find(si, CLONES)._moId

    def clone(self, name):
        body = """<?xml version="1.0"?><soapenv:Envelope
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<InstantClone_Task xmlns="urn:vim25"><_this type="VirtualMachine">%s</_this>
<spec><name>%s</name><location><folder type="Folder">%s</folder></location>
</spec></InstantClone_Task></soapenv:Body></soapenv:Envelope>""" % (
            self.source, name, self.folder)
        return self.lab.soap(body, self.cookie)


def replies(tap, lab, si):
    """Rules that spoil a reply."""
    raw = Raw(lab, si)
    strike = dict(method="InstantClone_Task")
    for kind, name, done in (("reply_lost", "r1", True),
                             ("half_reply", "r2", True),
                             ("reset", "r3", False)):
        lab.control("fault", kind=kind, **strike)
        tap.raises(LOST, lambda: raw.clone(name), kind + ": no whole reply")
        if done:
            tap.ok(until(lambda: name in names(lab)), "but it was executed")
        else:
            tap.ok(name not in names(lab), "and it was not executed")
    lab.control("fault", kind="http503", **strike)
    status, text = raw.clone("r4")
    tap.ok(status == 503 and "<html>" in text and "r4" not in names(lab),
           "503 with HTML, not executed")
    lab.control("fault", kind="huge_reply", bytes=3 << 20, **strike)
    status, text = raw.clone("r5")
    tap.ok(status == 200 and len(text) > 3 << 20, "a huge reply")
    lab.control("fault", kind="slow_bytes", bytes=5000, **strike)
    status, text = raw.clone("r6")
    tap.ok(status == 200 and "task-" in text, "a slow reply is whole")
    for kind in "delay", "delay_reply":
        lab.control("fault", kind=kind, ms=30, **strike)
        tap.ok(raw.clone(kind)[0] == 200, kind + " comes in the end")


def server(tap, lab):
    """vCenter as a whole."""
    si = lab.connect()
    collector = si.content.propertyCollector.CreatePropertyCollector()
    task = clone(si, "s1")
    run(task)
    lab.control("fault", kind="restart", method="CurrentTime")
    tap.raises(vim.fault.NotAuthenticated, si.CurrentTime,
               "a restart ends the session")
    si = lab.connect()
    collector = type(collector)(collector._moId, si._stub)
    task = vim.Task(task._moId, si._stub)
    tap.raises(vmodl.fault.ManagedObjectNotFound,
               lambda: collector.filter, "and collectors")
    tap.raises(vmodl.fault.ManagedObjectNotFound, lambda: task.info,
               "and tasks")
    tap.ok(find(si, CLONES + "/s1"), "but no VM")
    return si


def world(tap, lab, si):
    """Hosts, datastores, questions."""
    lab.control("fault", kind="host_lost", host="esx01")
    tap.same(find(si, SOURCE).runtime.host.runtime.connectionState,
             "notResponding", "a host is lost")
    tap.raises(vmodl.fault.HostNotConnected, lambda: run(clone(si, "w1")),
               "and cannot clone")
    lab.control("fault", kind="host_lost", host="esx01", lost=False)
    lab.control("fault", kind="datastore_full", datastore="ds1")
    tap.raises(vim.fault.NoDiskSpace, lambda: run(clone(si, "w2")),
               "a full datastore")
    tap.ok("w2" not in names(lab) and not os.path.exists(
        lab.file("[ds1] w2/w2.vmdk")), "leaves nothing behind")
    lab.control("fault", kind="datastore_full", datastore="ds1", full=False)
    host = find(si, SOURCE).runtime.host
    store = find(si, SOURCE).datastore[0]
    used = host.summary.quickStats.overallMemoryUsage
    free = store.summary.freeSpace >> 20
    lab.control("host", host="esx01", memory_mb=used + 2 * 1024)
    lab.control("datastore", datastore="ds1", free_mb=3 * 1024)
    made = run(clone(si, "w4"))
    tap.same((host.summary.quickStats.overallMemoryUsage - used,
              store.summary.freeSpace >> 20), (1024, 3 * 1024 - 1025),
             "a clone takes memory of its host, and a swap file and a disk")
    lab.control("host", host="esx01", others_mb=1)
    error = tap.raises(vim.fault.InsufficientMemoryResourcesFault, lambda:
                       run(clone(si, "w5")), "memory that is not there")
    tap.same(error and (error.unreserved >> 20, error.requested >> 20),
             (1023, 1024), "which says how much")
    lab.control("host", host="esx01", others_mb=0)
    lab.control("datastore", datastore="ds1", free_mb=1023)
    tap.raises(vim.fault.NoDiskSpace, lambda: run(clone(si, "w5")),
               "nor is there space for its swap file")
    run(made.PowerOffVM_Task())
    run(made.Destroy_Task())
    tap.same((host.summary.quickStats.overallMemoryUsage,
              store.summary.freeSpace >> 20), (used, 2048),
             "what goes gives it back")
    lab.control("host", host="esx01", memory_mb=65536)
    lab.control("datastore", datastore="ds1", free_mb=free,
                inaccessible=True)
    tap.raises(vim.fault.InaccessibleDatastore, lambda: run(clone(si, "w5")),
               "a datastore out of reach")
    lab.control("datastore", datastore="ds1", inaccessible=False)
    lab.control("vm", vm="rocky9-esx01", action="question", text="Well?")
    task = clone(si, "w3")
    tap.same((task.info.state, find(si, SOURCE).runtime.question.text),
             ("running", "Well?"), "a question holds a task")
    lab.control("vm", vm="rocky9-esx01", action="question")
    tap.ok(run(task), "until it is answered")


def behind(tap, lab, si):
    """Changes that no client made, and what a careless Destroy does."""
    vm = run(clone(si, "b1"))
    lab.control("vm", vm="b1", action="rename", name="b2")
    lab.control("vm", vm="b2", action="move", folder="/DC1/vm/templates")
    lab.control("vm", vm="b2", action="set", key="sclone.owner", value="z")
    lab.control("vm", vm="b2", action="snapshot", name="snap")
    lab.control("vm", vm="b2", action="freeze")
    tap.same((vm.name, vm.parent.name, vm.snapshot.rootSnapshotList[0].name,
              vm.runtime.instantCloneFrozen,
              [o.value for o in vm.config.extraConfig
               if o.key == "sclone.owner"]),
             ("b2", "templates", "snap", True, ["z"]),
             "rename, move, edit, snapshot, freeze")
    lab.control("vm", vm="b2", action="kill")
    tap.same(vm.runtime.powerState, "poweredOff", "a killed guest is off")
    admin = lab.connect(ADMIN)
    base = lab.file(find(admin, SOURCE).layoutEx.file[1].name)
    lab.control("vm", vm="b2", action="steal_disk", **{"from":
                                                       "rocky9-esx01"})
    lab.control("vm", vm="b2", action="disable_method",
                method="Destroy_Task")
    mine = vim.VirtualMachine(vm._moId, admin._stub)
    tap.same(mine.disabledMethod, ["Destroy_Task"], "disabledMethod")
    tap.raises(vim.fault.MethodDisabled, mine.Destroy_Task,
               "is enforced")
    other = run(clone(admin, "b3"))
    lab.control("vm", vm="b3", action="steal_disk", **{"from":
                                                       "rocky9-esx01"})
    run(other.PowerOffVM_Task())
    tap.ok(os.path.exists(base), "the source has its disk")
    run(other.Destroy_Task())
    tap.ok(not os.path.exists(base), "until somebody destroys it with a VM")


def logins(tap, lab):
    wrong = (SERVICE[0], "wrong")
    for _ in range(5):
        tap.raises(vim.fault.InvalidLogin, lambda: lab.connect(wrong),
                   "a wrong password")
    tap.raises(vim.fault.InvalidLogin, lab.connect,
               "locks the account after five")
    lab.control("fault", kind="unlock")
    tap.ok(lab.connect(), "until it is unlocked")
    tap.ok(lab.control("stats")["stats"]["failed_logins"] == 6,
           "the statistics count them")


def guests(tap):
    inventory = example()
    inventory["sources"][0]["guest"] = {
        "kind": "sim", "modes": {"g1": "dead", "g2": "lying", "g3": "failed",
                                 "g4": "freezing", "g5": "off"}}
    with Lab(inventory) as lab:
        si = lab.connect()
        until(lambda: find(si, SOURCE).runtime.instantCloneFrozen)
        keys = {"guestinfo.sclone": '{"epoch":5}'}
        vms = [run(find(si, SOURCE).InstantClone_Task(
            spec=spec(si, "g%d" % i, keys))) for i in range(6)]

        def state(vm):
            return {o.key: o.value for o in vm.config.extraConfig}.get(
                "guestinfo.sclone.state", "")

        for i, text in ((0, '"epoch":5,"state":"ready"'),
                        (2, '"epoch":1000005'), (3, '"state":"failed"')):
            tap.ok(until(lambda: text in state(vms[i])), "g%d: %s"
                   % (i, text))
        tap.ok(until(lambda: vms[4].runtime.instantCloneFrozen),
               "g4 freezes itself")
        tap.ok(until(lambda: vms[5].runtime.powerState == "poweredOff"),
               "g5 powers off")
        tap.same(state(vms[1]), "", "g1 says nothing")


def ends(tap):
    """Tasks that never ended: behind a question, waiting for a slot, and
    known to nobody any more."""
    inventory = example()
    for host in inventory["hosts"]:
        host["slots"] = 1
    with Lab(inventory) as lab:
        si = lab.connect()
        until(lambda: find(si, SOURCE).runtime.instantCloneFrozen)
        lab.control("vm", vm="rocky9-esx01", action="question", text="Well?")
        held, queued = [find(si, SOURCE).InstantClone_Task(
            spec=spec(si, name)) for name in ("e1", "e2")]
        until(lambda: held.info.state == "running")
        tap.same(queued.info.state, "queued", "one task waits for another")
        lab.control("fault", kind="restart", method="CurrentTime")
        tap.raises(vim.fault.NotAuthenticated, si.CurrentTime,
                   "vCenter restarts meanwhile")
        si = lab.connect()
        find(si, SOURCE).InstantClone_Task(spec=spec(si, "e3"))
        status = lab.stop()
    tap.same(status, 0, "vclab ends cleanly with tasks under way")


def main():
    tap = Tap()
    with Lab() as lab:
        si = lab.connect()
        until(lambda: find(si, SOURCE).runtime.instantCloneFrozen)
        calls(tap, lab, si)
        replies(tap, lab, si)
        si = server(tap, lab)
        world(tap, lab, si)
        behind(tap, lab, si)
        logins(tap, lab)
        status = lab.stop()
    tap.same(status, 0, "vclab ends cleanly")
    guests(tap)
    ends(tap)
    tap.done()


main()
