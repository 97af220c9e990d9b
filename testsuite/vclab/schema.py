#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print vclab's schema tables as C, from pyVmomi's type tables.

The tables say what a request may look like: methods with their parameters,
data types with their elements in order, enumerations, managed object types
with their properties. Only what the methods below can reach is printed.
Nothing of this is kept in the tree: the build makes it anew.
"""

import sys

from pyVmomi import VmomiSupport as V
from pyVmomi import vim, vmodl  # noqa: F401 (loads the tables)

METHODS = """
AuthorizationManager.FetchUserPrivilegeOnEntities
AuthorizationManager.HasPrivilegeOnEntities
ContainerView.DestroyView
ListView.ModifyListView ListView.ResetListView
Folder.CreateFolder
HostDatastoreBrowser.SearchDatastore_Task
ManagedEntity.Destroy_Task ManagedEntity.Rename_Task
PropertyCollector.CancelWaitForUpdates
PropertyCollector.ContinueRetrievePropertiesEx
PropertyCollector.CancelRetrievePropertiesEx
PropertyCollector.CreateFilter PropertyCollector.CreatePropertyCollector
PropertyCollector.DestroyPropertyCollector
PropertyCollector.RetrieveProperties PropertyCollector.RetrievePropertiesEx
PropertyCollector.WaitForUpdatesEx PropertyCollector.CheckForUpdates
PropertyCollector.WaitForUpdates
PropertyFilter.DestroyPropertyFilter
SearchIndex.FindAllByUuid SearchIndex.FindByInventoryPath
SearchIndex.FindByUuid SearchIndex.FindChild
ServiceInstance.CurrentTime ServiceInstance.RetrieveServiceContent
SessionManager.Login SessionManager.Logout SessionManager.SessionIsActive
SessionManager.TerminateSession
Task.CancelTask
View.DestroyView
ViewManager.CreateContainerView ViewManager.CreateListView
VirtualMachine.AnswerVM
VirtualMachine.CloneVM_Task VirtualMachine.InstantClone_Task
VirtualMachine.PowerOffVM_Task VirtualMachine.PowerOnVM_Task
VirtualMachine.ResetVM_Task
VirtualMachine.ReconfigVM_Task VirtualMachine.UnregisterVM
VirtualMachineProvisioningChecker.CheckInstantClone_Task
""".split()

# Managed object types whose properties can be asked for.
MANAGED = """
AuthorizationManager ClusterComputeResource ComputeResource ContainerView
Datacenter Datastore DistributedVirtualPortgroup DistributedVirtualSwitch
Folder HostDatastoreBrowser HostSystem ListView Network PropertyCollector
PropertyFilter ResourcePool SearchIndex ServiceInstance SessionManager Task
TaskManager ViewManager VirtualMachine VirtualMachineProvisioningChecker
VmwareDistributedVirtualSwitch
""".split()

# Types that stand for "one of my children" in the API reference: an element
# declared so needs an xsi:type that names a child.
ABSTRACT = """
VirtualDevice VirtualController VirtualEthernetCard
VirtualDeviceBackingInfo VirtualDeviceBusSlotInfo
VirtualDeviceDeviceBackingInfo VirtualDeviceFileBackingInfo
VirtualDevicePipeBackingInfo VirtualDeviceRemoteDeviceBackingInfo
VirtualDeviceURIBackingInfo VirtualMachineProfileSpec
CustomizationIdentitySettings CustomizationIpGenerator
CustomizationOptions CryptoSpec
""".split()

NS = "urn:vim25"
SCALARS = "anyType anyURI base64Binary boolean byte dateTime double " \
    "float int long short string".split()
PY_SCALAR = {"str": "string", "bool": "boolean", "int": "int",
             "long": "long", "short": "short", "byte": "byte",
             "float": "float", "double": "double", "datetime": "dateTime",
             "binary": "base64Binary", "object": "anyType", "URI": "anyURI",
             "type": "string", "ManagedMethod": "string",
             "PropertyPath": "string", "Link": "string"}


def version(ver):
    """The API release as a number: 6.7 is 6070, 6.7.1 is 6071."""
    text = V.GetVersionNamespace(ver).partition("/")[2] if "vim.v" in ver \
        else ""
    digits = text.rstrip("userver")
    parts = [p for p in digits.replace("u", ".").split(".") if p.isdigit()]
    parts = [int(p) for p in parts][:3] + [0, 0, 0]
    return parts[0] * 1000 + parts[1] * 10 + parts[2] if parts[0] else 0


def all_types():
    """Every type of the vim25 name space, by its wire name."""
    found = {}
    for (_, name) in list(V._wsdlDefMap) + list(V._wsdlTypeMap):
        if name.startswith("ArrayOf"):
            continue
        try:
            kind = V.GetWsdlType(NS, name)
        except KeyError:
            continue
        if isinstance(kind, type):
            found[name] = kind
    return found


class Tables:
    def __init__(self):
        self.known = all_types()
        self.children = {}
        for name, kind in self.known.items():
            for base in kind.__mro__[1:]:
                self.children.setdefault(base, []).append(name)
        self.wanted = {}
        self.queue = []

    def wire(self, kind):
        """(wire name, is an array) of a Python type; registers it."""
        array = issubclass(kind, V.Array)
        item = kind.Item if array else kind
        if issubclass(item, V.ManagedObject) or issubclass(item, V.DataObject):
            name = item._wsdlName
        elif issubclass(item, V.Enum):
            name = item._wsdlName
        else:
            name = PY_SCALAR[item.__name__]
        if name in ("TypeName", "MethodName", "PropertyPath"):
            name = "string"
        self.want(name, item)
        return name, array

    def want(self, name, item):
        if name in SCALARS or name in self.wanted:
            return
        self.wanted[name] = item
        self.queue.append((name, item))

    def close(self, subtypes):
        """Follow every reference; with subtypes, children count too."""
        while self.queue:
            name, item = self.queue.pop()
            if issubclass(item, V.DataObject):
                for prop in item._GetPropertyList():
                    self.wire(prop.type)
                if subtypes and item not in (vmodl.MethodFault, vim.Event):
                    for child in self.children.get(item, []):
                        self.want(child, self.known[child])

    def add_ancestors(self):
        """Types that are only the base of another; nothing follows."""
        for item in list(self.wanted.values()):
            for base in item.__mro__[1:]:
                if hasattr(base, "_wsdlName"):
                    self.wanted.setdefault(base._wsdlName, base)


def quote(text):
    return "NULL" if text is None else '"%s"' % text


def print_fields(tables, index, label, fields):
    if not fields:
        return
    print("static const struct schema_field %s[] = {" % label)
    for name, kind, flags, ver in fields:
        wire, array = tables.wire(kind)
        bits = []
        if flags & V.F_OPTIONAL:
            bits.append("SCHEMA_OPTIONAL")
        if array:
            bits.append("SCHEMA_ARRAY")
        print('\t{ "%s", %d, %d, %s },' % (name, index[wire], version(ver),
                                           " | ".join(bits) or "0"))
    print("};")


def method_info(tables, spec):
    owner, _, wsdl = spec.partition(".")
    kind = tables.known[owner]
    for base in kind.__mro__:
        for name, info in getattr(base, "_methodInfo", {}).items():
            if info.wsdlName == wsdl:
                return base._wsdlName, kind._GetMethodInfo(name)
    raise SystemExit("schema.py: no method " + spec)


def data_fields(kind):
    skip = ("dynamicType", "dynamicProperty")
    return [(p.name, p.type, p.flags, p.version)
            for p in kind._GetPropertyList() if p.name not in skip]


def managed_fields(kind):
    seen = {}
    for base in reversed(kind.__mro__):
        for name in getattr(base, "_propInfo", {}):
            info = kind._GetPropertyInfo(name)
            seen[name] = (info.name, info.type, info.flags, info.version)
    return list(seen.values())


def enum_values(item):
    # item.values is an iterator that pyVmomi has used up.
    values = sorted({str(v) for v in vars(item).values()
                     if isinstance(v, item)})
    if not values:
        raise SystemExit("schema.py: no values for " + item.__name__)
    return values


def type_kind(item):
    if issubclass(item, V.ManagedObject):
        return "SCHEMA_MANAGED"
    if issubclass(item, V.Enum):
        return "SCHEMA_ENUM"
    return "SCHEMA_DATA"


def base_of(item):
    base = item.__bases__[0]
    return getattr(base, "_wsdlName", None)


def print_types(tables, index, names):
    rows = []
    for name in names:
        if name in SCALARS:
            rows.append('\t{ "%s", -1, SCHEMA_SCALAR, false, 0, NULL, 0, '
                        'NULL },' % name)
            continue
        item = tables.wanted[name]
        kind = type_kind(item)
        fields, values = [], "NULL"
        if kind == "SCHEMA_ENUM":
            print("static const char *const values_%s[] = {" % name)
            for value in enum_values(item):
                print('\t"%s",' % value)
            print("\tNULL\n};")
            values = "values_" + name
        elif kind == "SCHEMA_DATA":
            fields = data_fields(item)
        elif name in MANAGED:
            fields = managed_fields(item)
        print_fields(tables, index, "fields_" + name, fields)
        rows.append('\t{ "%s", %d, %s, %s, %d, %s, %d, %s },' % (
            name, index.get(base_of(item), -1), kind,
            "true" if name in ABSTRACT else "false",
            version(item._version), "fields_" + name if fields else "NULL",
            len(fields), values))
    print("const struct schema_type schema_types[] = {")
    print("\n".join(rows))
    print("};\nconst size_t schema_types_count = %d;" % len(rows))


def print_methods(tables, index, methods):
    rows = []
    for owner, info in sorted(methods, key=lambda m: (m[1].wsdlName, m[0])):
        label = "params_%s_%s" % (owner, info.wsdlName)
        fields = [(p.name, p.type, p.flags, p.version) for p in info.params]
        print_fields(tables, index, label, fields)
        rows.append('\t{ "%s", %d, %d, %s, %s, %d },' % (
            info.wsdlName, index[owner], version(info.version),
            quote(info.privId), label if fields else "NULL", len(fields)))
    print("const struct schema_method schema_methods[] = {")
    print("\n".join(rows))
    print("};\nconst size_t schema_methods_count = %d;" % len(rows))


def main():
    tables = Tables()
    methods = list({(o, i.wsdlName): (o, i) for o, i in
                    (method_info(tables, m) for m in METHODS)}.values())
    for owner, info in methods:
        for param in info.params:
            tables.wire(param.type)
    tables.close(True)
    for name, kind in tables.known.items():
        if issubclass(kind, V.ManagedObject):
            tables.want(name, kind)
    for name in MANAGED:
        for _, kind, _, _ in managed_fields(tables.known[name]):
            tables.wire(kind)
    tables.close(False)
    tables.add_ancestors()
    names = sorted(set(tables.wanted) | set(SCALARS))
    index = {name: i for i, name in enumerate(names)}
    print("/* Made by schema.py from pyVmomi's type tables. */")
    print('#include "schema.h"\n')
    print_types(tables, index, names)
    print_methods(tables, index, methods)
    return 0


sys.exit(main())
