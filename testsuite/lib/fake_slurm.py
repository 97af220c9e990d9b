#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In scloned-slurm's place: speaks its protocol, and misbehaves on demand.

The verbs "stall", "die", "garbage", "twice", "wrong_id", "refuse" and "lost"
do what they say; any other is echoed, with the number of calls this process
has had.
"""
import json
import os
import signal
import socket
import sys


def main():
    peer = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    count = 0
    for line in peer.makefile("rb"):
        call = json.loads(line)
        count += 1
        verb = call["verb"]
        answer = {"id": call["id"], "call": call, "count": count,
                  "pid": os.getpid(), "argv": sys.argv[1:]}
        if verb == "stall":
            signal.pause()
        elif verb == "die":
            sys.exit(3)
        elif verb == "garbage":
            peer.sendall(b"\x00not json\n")
            continue
        elif verb == "wrong_id":
            answer["id"] += 1
        elif verb == "refuse":
            answer = {"id": call["id"],
                      "error": {"code": "REFUSED", "text": "no"}}
        elif verb == "lost":
            answer = {"id": call["id"],
                      "error": {"code": "UNKNOWN", "text": "lost"}}
        elif verb == "big":
            answer["text"] = "x" * 3000000
        text = json.dumps(answer).encode() + b"\n"
        peer.sendall(text * 2 if verb == "twice" else text)


main()
