# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of destruction outside scloned: a journal's copy to tamper with,
and a socket that serves it as scloned would (ipc/verbs.h, "receipts").

	with receipts.Served(path, "UPDATE receipt SET job=8") as served:
	    code, text = served.sclone("receipt", "verify")
"""
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading

ZERO = "0:" + "0" * 64


class Served:
    """A copy of the journal in DIR after some SQL, and its socket."""

    def __init__(self, program, directory, *sql):
        self.program = program
        self.tmp = tempfile.TemporaryDirectory()
        for name in "journal.db", "journal.db-wal":
            if os.path.exists(os.path.join(directory, name)):
                shutil.copy(os.path.join(directory, name), self.tmp.name)
        self.path = os.path.join(self.tmp.name, "journal.db")
        with sqlite3.connect(self.path) as db:
            for text in sql:
                db.execute(text)
        self.socket = os.path.join(self.tmp.name, "sock")
        self.listener = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        self.listener.bind(self.socket)
        self.listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.tmp.cleanup()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                request = json.loads(stream.readline())
                stream.write(json.dumps(self.answer(request)).encode()
                             + b"\n")

    def answer(self, request):
        db = sqlite3.connect(self.path)
        meta = dict(db.execute("SELECT name, value FROM meta"))
        rows = db.execute(
            "SELECT seq, node, job, text FROM receipt WHERE seq>? "
            "ORDER BY seq LIMIT ?", (request.get("after", 0),
                                     min(request.get("limit", 20), 1000)))
        answer = {"v": 1, "head": meta.get("receipt.head", ZERO),
                  "anchor": meta.get("receipt.anchor", ZERO),
                  "receipts": [dict(zip(("seq", "node", "job", "text"), row))
                               for row in rows]}
        db.close()
        return answer

    def sclone(self, *args):
        """(exit status, output) of sclone, asking here."""
        done = subprocess.run([self.program, "--socket", self.socket, *args],
                              stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode()


def _hash(data):
    return hashlib.sha256(data).digest()


def problems(directory, log):
    """What is wrong with the chain in a journal, by other code than sclone's:
    with its links, its head, and with heads that the log tells of."""
    chain, head = rows(directory)
    last, heads = "0" * 64, set()
    for number, (seq, _, _, text) in enumerate(chain, 1):
        digest, _, line = text.partition(" ")
        if seq != number:
            yield "record %d is number %d" % (seq, number)
        if _hash(_hash(last.encode()) + _hash(line.encode())).hex() != digest:
            yield "record %d does not follow" % seq
        last = digest
        heads.add("%d:%s" % (seq, digest))
    if chain and head != "%d:%s" % (chain[-1][0], last):
        yield "the head is %s" % head
    for told in re.findall(r"receipt (\d+:[0-9a-f]{64}) node", log):
        if told not in heads:
            yield "the log tells of %s" % told


def rows(directory):
    """[(seq, node, job, text)] of a journal, and its head."""
    with Served(None, directory) as served:
        found, after = [], 0
        while after is not None:
            answer = served.answer({"after": after, "limit": 1000})
            found += [(r["seq"], r["node"], r["job"], r["text"])
                      for r in answer["receipts"]]
            after = found[-1][0] if answer["receipts"] else None
    return found, answer["head"]
