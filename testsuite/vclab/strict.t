#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests as pyVmomi writes them are taken; bent ones are refused."""

from xml.dom import minidom

from pyVmomi import SoapAdapter

from labtest import *

PC = vmodl.query.PropertyCollector
XSI = "xsi:type"

# Elements that must be there, with the element above them.
NEEDED = {
    ("InstantClone_Task", "spec"), ("spec", "location"),
    ("config", "key"), ("deviceChange", "device"), ("device", "key"),
    ("extraConfig", "key"),
    ("ReconfigVM_Task", "spec"), ("Login", "userName"),
    ("Login", "password"), ("FindByInventoryPath", "inventoryPath"),
    ("FindByUuid", "uuid"), ("FindByUuid", "vmSearch"),
    ("FindChild", "entity"), ("FindChild", "name"),
    ("CreateFilter", "spec"), ("CreateFilter", "partialUpdates"),
    ("propSet", "type"), ("objectSet", "obj"), ("selectSet", "type"),
    ("selectSet", "path"), ("RetrievePropertiesEx", "options"),
    ("CreateContainerView", "container"),
    ("CreateContainerView", "recursive"),
    ("connectable", "startConnected"), ("connectable", "connected"),
    ("connectable", "allowGuestControl"),
    ("ContinueRetrievePropertiesEx", "token"),
    ("HasPrivilegeOnEntities", "sessionId"),
}


class Recorder(SoapAdapter.SoapStubAdapterBase):
    """A stub that keeps what it would have sent."""

    requestContext = None

    def __init__(self):
        super().__init__(version="vim.version.version12")
        self.sent = []

    def InvokeMethod(self, mo, info, args):
        text = self.SerializeRequest(mo, info, args).decode()
        self.sent.append((info.wsdlName, text))
        if info.wsdlName == "CreateContainerView":
            return vim.view.ContainerView("none", self)


def nic_edit():
    card = vim.vm.device.VirtualVmxnet3(
        key=4000, controllerKey=100, unitNumber=7, addressType="generated",
        backing=vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(
            deviceName="VM Network"),
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            migrateConnect="disconnect", startConnected=True,
            allowGuestControl=True, connected=False))
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def golden(ids):
    """(method, bytes) of calls as the vendor's serializer writes them."""
    stub = Recorder()
    vm = vim.VirtualMachine(ids["vm"], stub)
    folder = vim.Folder(ids["folder"], stub)
    pool = vim.ResourcePool(ids["pool"], stub)
    pair = vim.option.OptionValue
    vm.InstantClone(vim.vm.InstantCloneSpec(
        name="golden", biosUuid="564d0b5e-1111-2222-3333-444455556666",
        location=vim.vm.RelocateSpec(folder=folder, pool=pool,
                                     deviceChange=[nic_edit()]),
        config=[pair(key="guestinfo.a", value='{"h":"a&<"}'),
                pair(key="sclone.owner", value="x")]))
    vm.InstantClone(vim.vm.InstantCloneSpec(
        name="least", location=vim.vm.RelocateSpec()))
    vm.Reconfigure(vim.vm.ConfigSpec(
        deviceChange=[nic_edit()],
        extraConfig=[pair(key="guestinfo.a", value="")]))
    index = vim.SearchIndex("SearchIndex", stub)
    index.FindByInventoryPath("/DC1/vm")
    index.FindChild(folder, "a")
    index.FindByUuid(None, "564d0b5e-1111-2222-3333-444455556666", True,
                     False)
    collector = PC("propertyCollector", stub)
    step = PC.TraversalSpec(name="f", type=vim.Folder, path="childEntity",
                            skip=False)
    tree = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine,
                                 pathSet=["name", "runtime.powerState"])],
        objectSet=[PC.ObjectSpec(obj=folder, skip=True, selectSet=[step])])
    collector.RetrievePropertiesEx([tree], PC.RetrieveOptions(maxObjects=9))
    collector.CreateFilter(tree, True)
    collector.WaitForUpdatesEx("", PC.WaitOptions(maxWaitSeconds=0,
                                                  maxObjectUpdates=5))
    views = vim.view.ViewManager("ViewManager", stub)
    views.CreateContainerView(folder, [vim.VirtualMachine], True)
    views.CreateListView([vm])
    vim.AuthorizationManager("AuthorizationManager", stub) \
        .HasPrivilegeOnEntities([vm, folder], ids["session"],
                                ["System.View", "System.Read"])
    vim.SessionManager("SessionManager", stub).SessionIsActive(
        ids["session"], ADMIN[0])
    vim.vm.check.ProvisioningChecker("ProvisioningChecker", stub) \
        .CheckInstantClone(vm, vim.vm.InstantCloneSpec(
            name="may", location=vim.vm.RelocateSpec()))
    vim.host.DatastoreBrowser(ids["browser"], stub).SearchDatastore_Task(
        "[ds1] none", vim.host.DatastoreBrowser.SearchSpec(
            matchPattern=["*.vmx"], sortFoldersFirst=True))
    vim.ServiceInstance("ServiceInstance", stub).CurrentTime()
    return stub.sent


# -- bending ------------------------------------------------------------


def elements(node):
    return [n for n in node.childNodes if n.nodeType == n.ELEMENT_NODE]


def inside(node):
    """node and all below."""
    yield node
    for child in elements(node):
        yield from inside(child)


def each(text):
    """The call's elements, in documents that may be changed: (doc, n)."""
    count = len(list(inside(call_of(minidom.parseString(text)))))
    for i in range(count):
        doc = minidom.parseString(text)
        yield doc, list(inside(call_of(doc)))[i]


def call_of(doc):
    body = doc.getElementsByTagName("soapenv:Body")[0]
    return elements(body)[0]


def swapped(text):
    for doc, node in each(text):
        other = node.nextSibling
        while other is not None and other.nodeType != other.ELEMENT_NODE:
            other = other.nextSibling
        if other is None or other.tagName == node.tagName:
            continue
        node.parentNode.insertBefore(other, node)
        yield "%s before %s" % (other.tagName, node.tagName), doc


def untyped(text):
    for doc, node in each(text):
        if node.hasAttribute(XSI):
            node.removeAttribute(XSI)
            yield "%s without xsi:type" % node.tagName, doc


def mistyped(text):
    for doc, node in each(text):
        if node.hasAttribute(XSI):
            node.setAttribute(XSI, "NoSuchType")
            yield "%s of an unknown type" % node.tagName, doc
    for doc, node in each(text):
        if node.hasAttribute("type") and not elements(node):
            node.setAttribute("type", "NoSuchType")
            yield "%s refers to an unknown type" % node.tagName, doc


def lacking(text):
    for doc, node in each(text):
        above = node.parentNode.tagName
        if node.tagName != "_this" and (above, node.tagName) not in NEEDED:
            continue
        node.parentNode.removeChild(node)
        yield "%s without %s" % (above, node.tagName), doc


def doubled(text):
    for doc, node in each(text):
        above = node.parentNode.tagName
        if node.tagName != "_this" and (above, node.tagName) not in NEEDED:
            continue
        node.parentNode.insertBefore(node.cloneNode(True), node)
        yield "%s twice" % node.tagName, doc


def with_more(text):
    for doc, node in each(text):
        node.appendChild(doc.createElement("bogus"))
        yield "%s with an unknown element" % node.tagName, doc
    for doc, node in each(text):
        node.setAttribute("bogus", "1")
        yield "%s with an unknown attribute" % node.tagName, doc
    for doc, node in each(text):
        if elements(node):
            node.appendChild(doc.createTextNode("bogus"))
            yield "%s with a text" % node.tagName, doc


def renamed(text):
    doc = minidom.parseString(text)
    call_of(doc).setAttribute("xmlns", "urn:vim2")
    yield "another name space", doc
    for doc, node in each(text):
        if node is not call_of(doc):
            node.setAttribute("xmlns", "urn:other")
            yield "%s in another name space" % node.tagName, doc


KINDS = [("swapped siblings", swapped), ("dropped xsi:type", untyped),
         ("wrong types", mistyped), ("dropped elements", lacking),
         ("doubled elements", doubled), ("unknown things", with_more),
         ("renamed name spaces", renamed)]


# -- the test -----------------------------------------------------------


def refused(lab, cookie, text):
    status, answer = lab.soap(text, cookie)
    return status == 500 and "InvalidRequestFault" in answer


def accepted(lab, cookie, text):
    return lab.soap(text, cookie)[0] == 200


def bend(tap, lab, cookie, sent):
    for title, kind in KINDS:
        tried, taken = 0, []
        for method, text in sent:
            for what, doc in kind(text):
                tried += 1
                if not refused(lab, cookie, doc.toxml("utf-8")):
                    taken.append("%s: %s" % (method, what))
        tap.ok(tried > 0 and not taken,
               "%s: all of %d refused" % (title, tried))
        for what in taken[:10]:
            print("# taken:", what)


def values(tap, lab, cookie, sent):
    by_name = dict(reversed(sent))
    bad = [("InstantClone_Task", "<operation>edit<", "<operation>bend<"),
           ("InstantClone_Task", "<key>4000<", "<key>4x<"),
           ("FindByUuid", "<vmSearch>true<", "<vmSearch>yes<"),
           ("InstantClone_Task", '<folder type="Folder">',
            '<folder type="Datastore">')]
    for method, old, new in bad:
        text = by_name[method]
        tap.ok(old in text and
               refused(lab, cookie, text.replace(old, new)),
               "%s is refused" % new)
    text = by_name["InstantClone_Task"]
    for action in "urn:vim25/6.5", "urn:vim25", None:
        status, answer = lab.soap(text, cookie, action)
        tap.ok(status == 500 and "MethodNotFoundFault" in answer,
               "no InstantClone for SOAPAction %s" % action)
    for name, body in (("no XML", b"<a"), ("no envelope", b"<a/>"),
                       ("nothing", b""),
                       ("a document type", b"<!DOCTYPE a [<!ENTITY b 'c'>]>"
                        + text.partition("?>")[2].encode())):
        tap.ok(refused(lab, cookie, body), name + " is refused")


def main():
    tap = Tap()
    with Lab(plain=True) as lab:
        cookie, ids = login(lab)
        sent = golden(ids)
        for method, text in sent:
            tap.ok(accepted(lab, cookie, text), method + " is accepted")
        bend(tap, lab, cookie, sent)
        values(tap, lab, cookie, sent)
    tap.done()


def login(lab):
    stub = Recorder()
    vim.SessionManager("SessionManager", stub).Login(*ADMIN)
    link = lab.http()
    link.request("POST", "/sdk", stub.sent[0][1],
                 {"SOAPAction": '"urn:vim25/6.7"'})
    reply = link.getresponse()
    text = reply.read().decode()
    vms = {v["name"]: v for v in lab.control("vms")["vms"]}
    ids = {"session": text.partition("<key>")[2].partition("<")[0],
           "vm": vms["rocky9-esx01"]["id"]}
    cookie = reply.getheader("Set-Cookie").partition(";")[0]
    for name, path in (("folder", CLONES), ("pool", POOL),
                       ("store", "/DC1/datastore/ds1")):
        index = vim.SearchIndex("SearchIndex", stub)
        index.FindByInventoryPath(path)
        answer = lab.soap(stub.sent[-1][1], cookie)[1]
        ids[name] = answer.partition("<returnval")[2] \
            .partition(">")[2].partition("<")[0]
    ids["browser"] = "datastoreBrowser-" + ids["store"]
    return cookie, ids


main()
