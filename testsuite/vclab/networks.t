#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clones on other networks and with addresses set by hand: what an instant
clone may ask of its cards, and what is refused."""

from labtest import *

KINDS = vim.vm.device.VirtualEthernetCard


def inventory():
    lab = example()
    lab["networks"] = [{"name": "hpc", "switch": "dvs1"},
                       {"name": "lab"}, {"name": "secret"},
                       {"name": "far", "host": "esx02"}]
    lab["sources"][0]["networks"] = ["VM Network", "storage"]
    lab["roles"]["Net"] = ["Network.Assign"]
    service = lab["users"][1]["permissions"]
    service += [{"role": "Net", "path": "/DC1/network/" + name}
                for name in ("hpc", "lab", "far", "storage",
                             "VM Network")]
    return lab


def cards(vm):
    return [d for d in vm.config.hardware.device if isinstance(d, KINDS)]


def on(si, network):
    """The backing of a card on this network."""
    if isinstance(network, vim.dvs.DistributedVirtualPortgroup):
        return KINDS.DistributedVirtualPortBackingInfo(
            port=vim.dvs.PortConnection(
                switchUuid=network.config.distributedVirtualSwitch.uuid,
                portgroupKey=network.key))
    return KINDS.NetworkBackingInfo(deviceName=network.name, network=network)


def edit(card, backing=None, mac=None):
    device = vim.vm.device.VirtualVmxnet3(
        key=card.key, backing=backing or card.backing,
        addressType="manual" if mac else "generated", macAddress=mac)
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def clone(si, name, *changes):
    wish = spec(si, name)
    wish.location.deviceChange = list(changes)
    return run(find(si, SOURCE).InstantClone_Task(spec=wish))


def placed(tap, lab, si):
    source = find(si, SOURCE)
    hpc = find(si, "/DC1/network/hpc")
    tap.ok(isinstance(hpc, vim.dvs.DistributedVirtualPortgroup),
           "a distributed portgroup is found by its path")
    tap.same([n.name for n in source.network], ["VM Network", "storage"],
             "a source has two networks")
    first, second = cards(source)
    tap.same((first.key, second.key), (4000, 4001), "and two cards")
    tap.ok(first.macAddress != second.macAddress, "with their own addresses")
    vm = clone(si, "vm1", edit(first, on(si, hpc)),
               edit(second, mac="00:50:56:3F:00:01"))
    mine = cards(vm)
    tap.same((mine[0].backing.port.portgroupKey, mine[0].addressType),
             (hpc.key, "assigned"), "a clone's card is on a portgroup")
    tap.same((mine[1].macAddress, mine[1].addressType,
              mine[1].backing.deviceName),
             ("00:50:56:3f:00:01", "manual", "storage"),
             "the other one has the address that was asked for")
    tap.ok(mine[0].macAddress not in (first.macAddress, second.macAddress),
           "the first has one of its own")
    tap.same([c.macAddress for c in cards(source)],
             [first.macAddress, second.macAddress], "the source its old ones")
    tap.same([x["text"] for x in lab.witness("nic_edited")],
             ["0 %s hpc" % mine[0].macAddress, "1 00:50:56:3f:00:01 storage"],
             "the witness saw it")
    return vm


def refused(tap, si):
    first = cards(find(si, SOURCE))[0]
    hpc = find(si, "/DC1/network/hpc")
    wrong = on(si, hpc)
    wrong.port.portgroupKey = "dvportgroup-9999"
    moved = on(si, hpc)
    moved.port.switchUuid = "00000000-0000-0000-0000-000000000000"
    named = on(si, find(si, "/DC1/network/lab"))
    named.deviceName = "other"
    far = find(si, "/DC1/network/far")
    tap.same([far in host.network for host in
              (find(si, SOURCE).runtime.host,
               find(si, SOURCE.replace("01", "02")).runtime.host)],
             [False, True], "a host knows its own networks")
    for backing, what in ((wrong, "an unknown portgroup"),
                          (on(si, far), "another host's portgroup"),
                          (moved, "a portgroup of another switch"),
                          (named, "a network by another's name")):
        tap.raises(vim.fault.InvalidDeviceBacking,
                   lambda: clone(si, "bad", edit(first, backing)),
                   what + " is InvalidDeviceBacking")
    for mac, what in (("00:50:56:3f:00:01", "one in use"),
                      ("00:50:56:40:00:01", "one of vCenter's own"),
                      ("01:50:56:00:00:01", "a group's"),
                      ("nonsense", "what is none")):
        tap.raises(vim.fault.InvalidDeviceSpec,
                   lambda: clone(si, "bad", edit(first, mac=mac)),
                   "an address is refused: " + what)
    error = tap.raises(vim.fault.NoPermission, lambda: clone(
        si, "bad", edit(first, on(si, find(si, "/DC1/network/secret")))),
        "a network needs Network.Assign")
    tap.same(error and error.privilegeId, "Network.Assign", "which is told")
    tap.same(find(si, CLONES + "/bad"), None, "none of them made a machine")


def free_again(tap, si, vm):
    second = cards(find(si, SOURCE))[1]
    run(vm.PowerOffVM_Task())
    run(vm.Destroy_Task())
    again = clone(si, "vm2", edit(second, mac="00:50:56:3f:00:01"))
    tap.same(cards(again)[1].macAddress, "00:50:56:3f:00:01",
             "an address is free when its machine is gone")


def main():
    tap = Tap()
    with Lab(inventory()) as lab:
        si = lab.connect()
        vm = placed(tap, lab, si)
        refused(tap, si)
        free_again(tap, si, vm)
        status = lab.stop()
    tap.same(status, 0, "vclab ends cleanly")
    tap.done()


main()
