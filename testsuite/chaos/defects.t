#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The auditor's teeth: real scloneds, each with one defect, are caught, and
the same story with the real scloned shows nothing."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import defects  # noqa: E402
from chaossite import BOUND, Site, labslurm, tap  # noqa: E402


def play(story, scloned):
    """The rules that the auditor says are broken, but for those that speak
    anyway; what the story awaits may never come with a defect."""
    kept = set()
    with Site() as site:
        site.scloned = scloned
        site.patience = defects.PATIENCE if scloned else BOUND
        site.start()
        try:
            kept = story(site) or set()
        except labslurm.Late as late:
            if not scloned:
                raise
            tap.diag(late)
        site.die_at(0, False)
        findings = site.audit()
    for finding in findings:
        tap.diag(finding)
    return {finding.split(":")[0] for finding in findings} - kept


def main(names):
    stories = set()
    for name in names or defects.ALL:
        defect = defects.ALL[name]
        stories.add(defect.story)
        with tempfile.TemporaryDirectory(prefix="defect.") as place:
            rules = play(defect.story, defects.build(defect, place))
        tap.ok(rules & set(defect.rules), "%s: %s" % (
            name, ", ".join(sorted(rules))))
    for story in sorted(stories, key=lambda one: one.__name__):
        tap.equal(play(story, None), set(),
                  story.__name__ + ": nothing without a defect")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
