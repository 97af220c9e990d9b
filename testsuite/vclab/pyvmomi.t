#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pyVmomi, unmodified, drives vclab through the life of a node."""

from pyVim.task import WaitForTask

from labtest import *

PC = vmodl.query.PropertyCollector


def sha(path):
    with open(path, "rb") as file:
        return file.read()


def options(vm):
    return {o.key: o.value for o in vm.config.extraConfig}


def life(tap, lab, si):
    source = find(si, SOURCE)
    base = lab.file(source.config.hardware.device[1].backing.fileName)
    before = sha(base)
    tap.ok(until(lambda: source.runtime.instantCloneFrozen),
           "the source is frozen")
    keys = {"guestinfo.sclone": '{"epoch":12,"x":"a&<é"}',
            "sclone.owner": "hpc1/vm001/12/ab"}
    uuid = "564d0b5e-1111-2222-3333-444455556666"
    task = source.InstantClone_Task(spec=spec(si, "vm001", keys,
                                              biosUuid=uuid))
    tap.same(WaitForTask(task), "success", "the clone's task ends well")
    vm = task.info.result
    tap.same((vm.name, vm.parent, vm.resourcePool, vm.runtime.host),
             ("vm001", find(si, CLONES), find(si, POOL),
              source.runtime.host), "name, folder, pool and host are right")
    tap.same(options(vm)["sclone.owner"], keys["sclone.owner"],
             "extraConfig holds what was sent")
    tap.ok("guestinfo.sclone.state" in until(
        lambda: "guestinfo.sclone.state" in options(vm) and options(vm)),
        "the guest reports")
    tap.same(options(vm)["guestinfo.sclone"], "used 12",
             "the guest marks its identity used")
    disk = vm.config.hardware.device[1].backing
    tap.same(lab.file(disk.parent.fileName), base, "the disk has a parent")
    tap.ok(os.path.exists(lab.file(disk.fileName)), "and a file of its own")
    tap.same([f.name for f in vm.layoutEx.file if f.type != "config"],
             [disk.fileName, disk.parent.fileName], "layoutEx has the chain")
    tap.ok(vm.config.hardware.device[2].macAddress !=
           source.config.hardware.device[2].macAddress, "the MAC is new")
    tap.same(si.content.searchIndex.FindByUuid(None, uuid.upper(), True,
                                               False), vm, "FindByUuid")
    tap.same(si.content.searchIndex.FindAllByUuid(
        None, vm.config.instanceUuid, True, True), [vm], "FindAllByUuid")
    error = tap.raises(vim.fault.DuplicateName, lambda: run(
        source.InstantClone_Task(spec=spec(si, "vm001"))),
        "a second VM of that name is DuplicateName")
    tap.same(error and (error.name, error.object), ("vm001", vm),
             "which names the first")
    tap.raises(vim.fault.InvalidPowerState, lambda: run(vm.Destroy_Task()),
               "a running VM cannot be destroyed")
    run(vm.PowerOffVM_Task())
    tap.same(vm.runtime.powerState, "poweredOff", "power off")
    tap.raises(vim.fault.InvalidPowerState,
               lambda: run(vm.PowerOffVM_Task()), "but only once")
    run(vm.Destroy_Task())
    tap.raises(vmodl.fault.ManagedObjectNotFound, lambda: vm.name,
               "the VM is gone")
    tap.ok(not os.path.exists(os.path.dirname(lab.file(disk.fileName))),
           "with its files")
    tap.same(sha(base), before, "the parent's file is untouched")
    tap.same([x["event"] for x in lab.witness()
              if x.get("vm") == vm._moId and x["event"].startswith("vm_")],
             ["vm_created", "vm_powered_off", "vm_destroyed"],
             "the witness saw it all")


def browse(tap, lab, si):
    """Directories are real, and gone with their VM."""
    vm = run(find(si, SOURCE).InstantClone_Task(spec=spec(si, "seen")))
    store = vm.datastore[0]
    path = vm.config.files.vmPathName.rpartition("/")[0]
    tap.same((store.name, list(store.browser.datastore)),
             ("ds1", [store]),
             "a datastore has a browser")
    found = run(store.browser.SearchDatastore_Task(path))
    tap.same((found.datastore, found.folderPath,
              "seen.vmdk" in [f.path for f in found.file]),
             (store, path, True), "which shows a VM's directory")
    run(vm.PowerOffVM_Task())
    run(vm.Destroy_Task())
    error = tap.raises(vim.fault.FileNotFound, lambda: run(
        store.browser.SearchDatastore_Task(path)), "FileNotFound: it is gone")
    tap.same(error and error.file, path, "which one")
    for bad in "[ds2] seen", "seen", "[ds1] ../ds1":
        tap.raises(vim.fault.InvalidDatastorePath, lambda: run(
            store.browser.SearchDatastore_Task(bad)), bad + " is no path")


def reconfigure(tap, lab, si):
    vm = run(find(si, SOURCE).InstantClone_Task(spec=spec(si, "conf")))
    pair = vim.option.OptionValue

    def change(**args):
        return run(vm.ReconfigVM_Task(spec=vim.vm.ConfigSpec(**args)))

    change(extraConfig=[pair(key="a", value="1"), pair(key="b", value="2")])
    change(extraConfig=[pair(key="a", value=""), pair(key="b", value="3")])
    got = options(vm)
    tap.same(("a" in got, got["b"]), (False, "3"),
             "extraConfig is assigned and removed")
    tap.raises(vim.fault.ConcurrentAccess, lambda: change(changeVersion="1"),
               "an old changeVersion is ConcurrentAccess")
    nic = vm.config.hardware.device[2]
    nic.connectable.connected = False
    edit = vim.vm.device.VirtualDeviceSpec(operation="edit", device=nic)
    admin = lab.connect(ADMIN)
    same = vim.VirtualMachine(vm._moId, admin._stub)
    run(same.ReconfigVM_Task(spec=vim.vm.ConfigSpec(deviceChange=[edit])))
    tap.same(vm.config.hardware.device[2].connectable.connected, False,
             "a NIC edit takes effect")
    nic.backing = None
    tap.raises(vim.fault.InvalidDeviceSpec, lambda: run(
        same.ReconfigVM_Task(spec=vim.vm.ConfigSpec(deviceChange=[edit]))),
        "without backing it is InvalidDeviceSpec")
    run(vm.PowerOffVM_Task())
    tap.raises(vim.fault.NoPermission, vm.UnregisterVM,
               "UnregisterVM needs its privilege")
    same.UnregisterVM()
    tap.raises(vmodl.fault.ManagedObjectNotFound, lambda: vm.name,
               "and removes the VM")


def running_source(tap, lab, si):
    source = find(si, RUNNING)
    depth = len(source.layoutEx.disk[0].chain)
    for i in range(2):
        run(source.InstantClone_Task(spec=spec(si, "run%d" % i)))
    tap.same(len(source.layoutEx.disk[0].chain), depth + 2,
             "a running source grows with each clone")
    tap.raises(vim.fault.GenericVmConfigFault, lambda: run(
        source.InstantClone_Task(spec=spec(si, "run2"))),
        "until its chain is full")
    located = spec(si, "host")
    located.location.host = source.runtime.host
    tap.raises(vmodl.fault.InvalidArgument,
               lambda: source.InstantClone_Task(spec=located),
               "location.host is refused")


def rights(tap, si):
    source = find(si, SOURCE)
    manager = si.content.authorizationManager
    wanted = ["VirtualMachine.Provisioning.Clone",
              "VirtualMachine.Inventory.Delete"]
    got = manager.HasPrivilegeOnEntities(
        [source, find(si, CLONES)],
        si.content.sessionManager.currentSession.key, wanted)
    tap.same([[p.isGranted for p in e.privAvailability] for e in got],
             [[True, False], [True, True]],
             "privileges are as the inventory has them")
    tap.raises(vim.fault.NoPermission, source.PowerOffVM_Task,
               "a source cannot be powered off")
    tap.raises(vim.fault.NoPermission, source.Destroy_Task,
               "nor destroyed")
    fetched = manager.FetchUserPrivilegeOnEntities(
        [source], "svc-slurm@vsphere.local")[0].privileges
    tap.ok(wanted[0] in fetched and wanted[1] not in fetched,
           "FetchUserPrivilegeOnEntities agrees")


def pages(tap, si):
    view = si.content.viewManager.CreateContainerView(
        find(si, "/DC1/vm"), [vim.VirtualMachine], True)
    step = PC.TraversalSpec(name="v", type=vim.view.ContainerView,
                            path="view", skip=False)
    filter_spec = PC.FilterSpec(
        objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        propSet=[PC.PropertySpec(type=vim.VirtualMachine,
                                 pathSet=["name"])])
    collector = si.content.propertyCollector
    page = collector.RetrievePropertiesEx([filter_spec],
                                          PC.RetrieveOptions(maxObjects=2))
    sizes, names = [], []
    while True:
        sizes.append(len(page.objects))
        names += [o.propSet[0].val for o in page.objects]
        if not page.token:
            break
        page = collector.ContinueRetrievePropertiesEx(page.token)
    tap.same((sizes[:-1], sorted(names)),
             ([2] * (len(sizes) - 1), sorted(v.name for v in view.view)),
             "paging gives each object once")
    tap.ok(len(sizes) > 1, "in more than one page")
    tap.raises(vmodl.fault.InvalidArgument,
               lambda: collector.ContinueRetrievePropertiesEx("17"),
               "an unknown token is refused")
    filter_spec.propSet[0].pathSet = ["runtime.nothing"]
    tap.raises(vmodl.query.InvalidProperty,
               lambda: collector.RetrieveProperties([filter_spec]),
               "an unknown property is InvalidProperty")


def list_view(tap, lab, si):
    lab.control("delay", method="InstantClone_Task", ms=20, jitter_ms=10)
    source = find(si, SOURCE)
    view = si.content.viewManager.CreateListView()
    collector = si.content.propertyCollector.CreatePropertyCollector()
    step = PC.TraversalSpec(name="v", type=vim.view.ListView, path="view",
                            skip=False)
    collector.CreateFilter(PC.FilterSpec(
        objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        propSet=[PC.PropertySpec(type=vim.Task,
                                 pathSet=["info.state", "info.result"])]),
        False)
    tasks = [source.InstantClone_Task(spec=spec(si, "lv%02d" % i))
             for i in range(20)]
    stray = vim.Task("task-none", si._stub)
    tap.same(view.ModifyListView(tasks + [stray], []), [stray],
             "ModifyListView returns what it does not know")
    state, version, kinds, truncated = {}, "", {}, False
    while sum(s == "success" for s in state.values()) < len(tasks):
        update = collector.WaitForUpdatesEx(
            version, PC.WaitOptions(maxWaitSeconds=10, maxObjectUpdates=7))
        if update is None:
            break
        version = update.version
        truncated = truncated or bool(update.truncated)
        for one in update.filterSet[0].objectSet:
            kinds.setdefault(one.obj._moId, []).append(one.kind)
            for c in one.changeSet:
                if c.name == "info.state":
                    state[one.obj._moId] = c.val
    tap.same(set(state.values()), {"success"}, "a ListView tells all ends")
    tap.ok(truncated, "in truncated updates")
    tap.ok(all(k[0] == "enter" and set(k[1:]) <= {"modify"}
               for k in kinds.values()), "first enter, then modify")
    tap.same(collector.WaitForUpdatesEx(
        version, PC.WaitOptions(maxWaitSeconds=0)), None,
        "nothing new is an empty answer")
    again = collector.WaitForUpdatesEx(
        str(int(version) - 1), PC.WaitOptions(maxWaitSeconds=0))
    tap.same(again and again.version, version,
             "the last update can be had again")
    tap.raises(vmodl.query.InvalidCollectorVersion,
               lambda: collector.WaitForUpdatesEx("77"),
               "an unknown version is InvalidCollectorVersion")
    view.ModifyListView([], tasks[:3])
    gone = collector.WaitForUpdatesEx(version)
    tap.same([o.kind for o in gone.filterSet[0].objectSet], ["leave"] * 3,
             "removed members leave")


def main():
    tap = Tap()
    inventory = example()
    inventory["limits"]["chain_max"] = 3
    with Lab(inventory) as lab:
        si = lab.connect()
        tap.ok(si.content.about.apiVersion.startswith("8."), "login")
        life(tap, lab, si)
        browse(tap, lab, si)
        reconfigure(tap, lab, si)
        running_source(tap, lab, si)
        rights(tap, si)
        pages(tap, si)
        list_view(tap, lab, si)
        lab.control("fault", kind="expire_session")
        tap.raises(vim.fault.NotAuthenticated,
                   si.CurrentTime, "an expired session is NotAuthenticated")
        status = lab.stop()
    tap.same(status, 0, "vclab ends cleanly")
    tap.done()


main()
