#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The best that pyVmomi can do for N instant clones: all started, then one
filter and WaitForUpdatesEx for all of them.

	pyvmomi_burst.py PORT CAFILE SOURCE FOLDER POOL COUNT

User and password come from RAW_USER and RAW_PASSWORD.
"""
import os
import ssl
import sys

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

Collector = vmodl.query.PropertyCollector


def spec(index, folder, pool):
    """As long as what scloned sends: 350 bytes of identity, 100 of owner."""
    name = "vm%d" % index
    option = vim.option.OptionValue
    return vim.vm.InstantCloneSpec(
        name=name, location=vim.vm.RelocateSpec(folder=folder, pool=pool),
        config=[option(key="guestinfo.sclone",
                       value='{"node":"%s","x":"%0320d"}' % (name, 0)),
                option(key="sclone.owner",
                       value="lab/%s/%090d" % (name, 0))])


def wait(content, tasks):
    collector = content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(Collector.FilterSpec(
        propSet=[Collector.PropertySpec(
            type=vim.Task,
            pathSet=["info.state", "info.result", "info.error"])],
        objectSet=[Collector.ObjectSpec(obj=task) for task in tasks]), True)
    options = Collector.WaitOptions(maxWaitSeconds=60)
    left = {task._moId for task in tasks}
    version = ""
    while left:
        update = collector.WaitForUpdatesEx(version, options)
        if update is None:
            continue
        version = update.version
        for filtered in update.filterSet:
            for item in filtered.objectSet:
                for change in item.changeSet:
                    if change.name != "info.state":
                        continue
                    if change.val == "error":
                        raise SystemExit("a clone has failed")
                    if change.val == "success":
                        left.discard(item.obj._moId)
    collector.DestroyPropertyCollector()


def main(port, ca, source, folder, pool, count):
    instance = SmartConnect(
        host="127.0.0.1", port=int(port), user=os.environ["RAW_USER"],
        pwd=os.environ["RAW_PASSWORD"],
        sslContext=ssl.create_default_context(cafile=ca))
    content = instance.content
    find = content.searchIndex.FindByInventoryPath
    source, folder, pool = find(source), find(folder), find(pool)
    wait(content, [source.InstantClone_Task(spec=spec(n + 1, folder, pool))
                   for n in range(int(count))])
    Disconnect(instance)


main(*sys.argv[1:])
