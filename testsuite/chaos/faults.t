#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each fault alone, eight nodes under way (faults.py); an argument names
some of the cases."""
import sys
import time

import faults
from chaossite import Site, labslurm, tap


def main(wanted):
    with Site(nodes=faults.NODES, sources=2) as site:
        site.config["Attempts"] = 3
        site.start()
        for case in faults.cases():
            if wanted not in case.name:
                continue
            began = time.monotonic()
            try:
                problem = faults.run(site, case)
            except labslurm.Late as late:
                problem = str(late)
            if not tap.equal(problem, None, case.name):
                site.diagnose()
                break
            tap.diag("%.1f s" % (time.monotonic() - began))
        else:
            tap.equal(site.audit(), [], "the auditor finds nothing")
    return tap.done()


sys.exit(main(" ".join(sys.argv[1:])))
