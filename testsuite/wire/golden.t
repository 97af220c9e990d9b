#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each request of the C client equals, canonicalised, what the vendor's own
client (Debian's python3-pyvmomi) serialises for the same call. pyVmomi alone
knows the schema's order of elements here; nothing is recorded."""
import subprocess
import sys
import xml.etree.ElementTree as ET

try:
    from pyVmomi import SoapAdapter, VmomiSupport, vim, vmodl
except ImportError:
    print("1..0 # SKIP python3-pyvmomi is not installed")
    sys.exit(0)

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
golden = {}


class Stub(SoapAdapter.SoapStubAdapterBase):
    """Keeps the bytes instead of sending them."""
    requestContext = None

    def InvokeMethod(self, mo, info, args):
        self.bytes = self.SerializeRequest(mo, info, args)


stub = Stub(version="vim.version.version12")  # 6.7


def want(name, call, *args, **kwargs):
    call(*args, **kwargs)
    golden[name] = stub.bytes


instance = vim.ServiceInstance("ServiceInstance", stub)
sessions = vim.SessionManager("SessionManager", stub)
index = vim.SearchIndex("SearchIndex", stub)
PC = vmodl.query.PropertyCollector
collector = PC("propertyCollector", stub)
views = vim.view.ViewManager("ViewManager", stub)
view = vim.view.ListView("session[1]2", stub)
folder = vim.Folder("group-v3", stub)
vms = [vim.VirtualMachine("vm-42", stub), vim.VirtualMachine("vm-43", stub)]
tasks = [vim.Task("task-7%d" % i, stub) for i in range(3)]
options = [vim.option.OptionValue(key=k, value=v) for k, v in (
    ("guestinfo.sclone", "{\"h\":\"a&<b>\",\"x\":'\u00fc'}"),
    ("sclone.owner", "hpc1/vm001/7/00ff"),
    ("guestinfo.empty", ""))]

want("RetrieveServiceContent", instance.RetrieveContent)
want("Login", sessions.Login, "svc@vsphere.local", "p<&>\"'w")
want("Logout", sessions.Logout)
want("CurrentTime", instance.CurrentTime)
want("FindByInventoryPath", index.FindByInventoryPath, "/DC0/vm/a&b")
want("FindChild", index.FindChild, folder, "a&b")
want("FindByUuid", index.FindByUuid, None, "564d-1", True, False)
want("FindByUuid-instance", index.FindByUuid, None, "564d-2", True, True)

where = vim.vm.RelocateSpec(folder=folder,
                            pool=vim.ResourcePool("resgroup-8", stub))
want("InstantClone_Task-small", vms[0].InstantClone,
     vim.vm.InstantCloneSpec(name="node001", location=where))
where.datastore = vim.Datastore("datastore-12", stub)
VmomiSupport.GetRequestContext()["operationID"] = "sclone-hpc1-node001-7"
want("InstantClone_Task", vms[0].InstantClone,
     vim.vm.InstantCloneSpec(
         name="node001", location=where, config=options,
         biosUuid="564d0b5e-1111-2222-3333-444455556666"))
VmomiSupport.GetRequestContext().clear()

dev = vim.vm.device
card = dev.VirtualEthernetCard


def edit(device):
    device.connectable = dev.VirtualDevice.ConnectInfo(
        migrateConnect="connect", startConnected=True,
        allowGuestControl=True, connected=True)
    return dev.VirtualDeviceSpec(operation="edit", device=device)


def switched(name, ident):
    return card.NetworkBackingInfo(deviceName=name,
                                   network=vim.Network(ident, stub))


where.deviceChange = [
    edit(dev.VirtualVmxnet3(
        key=4000, controllerKey=100, unitNumber=7, addressType="manual",
        macAddress="00:50:56:3f:00:0a",
        backing=card.DistributedVirtualPortBackingInfo(
            port=vim.dvs.PortConnection(switchUuid="50 0b 7a 11-aa",
                                        portgroupKey="dvportgroup-13")))),
    edit(dev.VirtualE1000e(key=4001, addressType="generated",
                           backing=switched("storage", "network-8"))),
    edit(dev.VirtualVmxnet3(key=4000, controllerKey=100, unitNumber=7,
                            addressType="generated",
                            backing=switched("VM <Network>",
                                             "network-7")))]
want("InstantClone_Task-nics", vms[0].InstantClone,
     vim.vm.InstantCloneSpec(
         name="node001", location=where, config=options,
         biosUuid="564d0b5e-1111-2222-3333-444455556666"))
want("ReconfigVM_Task", vms[0].Reconfigure,
     vim.vm.ConfigSpec(extraConfig=options[:2]))
want("PowerOffVM_Task", vms[0].PowerOff)
want("PowerOnVM_Task", vms[0].PowerOn)
want("Destroy_Task", vms[0].Destroy)

row = ["name", "parent", "config.uuid", "config.instanceUuid",
       "runtime.powerState"]
everything = row + ["config.extraConfig", "resourcePool", "runtime.host",
                    "config.template", "runtime.instantCloneFrozen",
                    "config.files.vmPathName", "config.hardware.device",
                    "layoutEx.file", "layoutEx.disk", "layoutEx.snapshot",
                    "snapshot", "disabledMethod"]


def via(obj, path):
    return PC.ObjectSpec(obj=obj, skip=True, selectSet=[
        PC.TraversalSpec(type=type(obj), path=path, skip=False)])


def spec(kind, paths, objects, **more):
    return PC.FilterSpec(
        propSet=[PC.PropertySpec(type=kind, pathSet=paths)],
        objectSet=objects, **more)


want("RetrievePropertiesEx-folder", collector.RetrievePropertiesEx,
     [spec(vim.VirtualMachine, row, [via(folder, "childEntity")])],
     PC.RetrieveOptions(maxObjects=500))
want("RetrievePropertiesEx-machines", collector.RetrievePropertiesEx,
     [spec(vim.VirtualMachine, everything,
           [PC.ObjectSpec(obj=vm) for vm in vms],
           reportMissingObjectsInResults=True)],
     PC.RetrieveOptions(maxObjects=40))
want("RetrievePropertiesEx-datastores", collector.RetrievePropertiesEx,
     [spec(vim.Datastore, ["name", "browser"], [via(vms[0], "datastore")])],
     PC.RetrieveOptions(maxObjects=500))
browser = vim.host.DatastoreBrowser("datastoreBrowser-datastore-12", stub)
VmomiSupport.GetRequestContext()["operationID"] = "sclone-hpc1-node001-7"
want("SearchDatastore_Task", browser.SearchDatastore_Task, "[ds 1] a&b")
VmomiSupport.GetRequestContext().clear()
want("RetrievePropertiesEx-tasks", collector.RetrievePropertiesEx,
     [spec(vim.Task, ["info.descriptionId", "info.state", "info.result"],
           [via(vms[0], "recentTask")])],
     PC.RetrieveOptions(maxObjects=500))
want("ContinueRetrievePropertiesEx", collector.ContinueRetrievePropertiesEx,
     "token-1")
want("HasPrivilegeOnEntities",
     vim.AuthorizationManager("AuthorizationManager",
                              stub).HasPrivilegeOnEntities,
     vms, "52a1", ["System.View", "VirtualMachine.Inventory.Delete"])

want("CreatePropertyCollector", collector.CreatePropertyCollector)
want("CreateListView", views.CreateListView)
power = PC.PropertySpec(type=vim.VirtualMachine,
                        pathSet=["runtime.powerState"])
task = PC.PropertySpec(type=vim.Task, pathSet=[
    "info.state", "info.result", "info.error", "info.queueTime",
    "info.completeTime"])
guest = PC.PropertySpec(type=vim.VirtualMachine, pathSet=[
    "runtime.powerState", "config.extraConfig", "config.uuid",
    "config.instanceUuid"])
want("CreateFilter", collector.CreateFilter,
     PC.FilterSpec(propSet=[task, guest], objectSet=[via(view, "view")]),
     False)
want("CreateFilter-power", collector.CreateFilter,
     PC.FilterSpec(propSet=[power], objectSet=[via(view, "view")]), False)
want("CreateFilter-state", collector.CreateFilter, PC.FilterSpec(propSet=[
    PC.PropertySpec(type=vim.VirtualMachine, pathSet=[
        "runtime.powerState", "runtime.host", "runtime.instantCloneFrozen"]),
    PC.PropertySpec(type=vim.HostSystem, pathSet=[
        "runtime.connectionState", "runtime.inMaintenanceMode",
        "summary.quickStats.overallMemoryUsage"]),
    PC.PropertySpec(type=vim.Datastore, pathSet=[
        "summary.accessible", "summary.maintenanceMode",
        "summary.freeSpace"]),
    PC.PropertySpec(type=vim.Folder, pathSet=["childEntity"])], objectSet=[via(view, "view")]), False)
want("ModifyListView", view.Modify, tasks[:2], tasks[2:])
wait = PC.WaitOptions(maxWaitSeconds=30, maxObjectUpdates=256)
want("WaitForUpdatesEx-first", collector.WaitForUpdatesEx, "", wait)
want("WaitForUpdatesEx", collector.WaitForUpdatesEx, "7", wait)


def canonical(bytes_):
    """The call in the envelope, and the operationID before it."""
    root = ET.fromstring(bytes_)
    call = root.find(SOAP + "Body")[0]
    call.tail = None
    operation = root.find(SOAP + "Header/operationID")
    if operation is None:
        operation = root.find(SOAP + "Header/{urn:vim25}operationID")
    return (ET.canonicalize(ET.tostring(call, "unicode"),
                            rewrite_prefixes=True),
            None if operation is None else operation.text)


got = {}
for part in subprocess.run(["./golden"], stdout=subprocess.PIPE,
                           check=True).stdout.split(b"== ")[1:]:
    name, request = part.split(b"\n", 1)
    got[name.decode()] = request

print("1..%d" % (len(golden) + 1))
status = 0
for number, name in enumerate(golden, 1):
    ours = canonical(got[name]) if name in got else None
    vendors = canonical(golden[name])
    same = ours == vendors
    print("%sok %d - %s" % ("" if same else "not ", number, name))
    if not same:
        status = 1
        print("# ours   %s\n# vendor %s" % (ours, vendors))
same = set(golden) == set(got)
print("%sok %d - every request is held against the vendor's"
      % ("" if same else "not ", len(golden) + 1))
if not same:
    status = 1
    print("# %s" % (set(golden) ^ set(got)))
sys.exit(status)
