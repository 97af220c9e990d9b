#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`sclone receipt` finds whatever is done to stored records. The chain here
is made by other code than sclone's."""
import hashlib
import json
import os
import sqlite3
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "lib"))
import receipts  # noqa: E402
import tap  # noqa: E402

SCLONE = os.path.join(os.environ["top_builddir"], "src/sclone/sclone")
RECORDS = 2100  # more than two pages
HASHES = []


def sha(data):
    return hashlib.sha256(data).digest()


def make(directory):
    """A journal with RECORDS records, the last one its head."""
    db = sqlite3.connect(os.path.join(directory, "journal.db"))
    db.execute("CREATE TABLE receipt(seq INTEGER PRIMARY KEY, node, job, "
               "absent, text)")
    db.execute("CREATE TABLE meta(name PRIMARY KEY, value)")
    last = "0" * 64
    for seq in range(1, RECORDS + 1):
        line = "receipt=1 cluster=lab node=vm%d epoch=%d job=%d cause=" \
            "SUSPENDED why=Slurm%%20is%%20done absent=%d evidence=name" \
            % (seq % 10, 1000 + seq, 1 + seq // 10, 1763782812123456 + seq)
        last = sha(sha(last.encode()) + sha(line.encode())).hex()
        HASHES.append(last)
        db.execute("INSERT INTO receipt VALUES(?,?,?,?,?)",
                   (seq, "vm%d" % (seq % 10), 1 + seq // 10,
                    1763782812123456 + seq, last + " " + line))
    set_head(db, RECORDS)
    db.commit()
    db.close()


def set_head(db, seq):
    db.execute("REPLACE INTO meta VALUES('receipt.head', ?)", (head(seq),))


def head(seq):
    return "%d:%s" % (seq, HASHES[seq - 1])



def verify(directory, sql, *args):
    with receipts.Served(SCLONE, directory, *sql) as served:
        return served.sclone("receipt", "verify", *args)


def check(directory, sql, code, text, what, *args):
    got = verify(directory, sql, *args)
    tap.equal(got[0], code, what)
    tap.contains(got[1], text, "... and says so")


def test_whole(directory):
    check(directory, (), 0, "2100 records", "a whole chain")
    check(directory, (), 0, head(RECORDS), "the log's last head",
          "--head", head(RECORDS))
    check(directory, (), 0, "ok", "an older one", "--head", HASHES[4])
    code, text = verify(directory, (), "vm3")
    tap.ok(code == 0 and text.count(" vm3 epoch ") == 210,
           "all records of a node")
    check(directory, (), 0, " job 7 ", "of a job", "7")
    check(directory, (), 1, "no such record", "of nobody", "vm99")
    check(directory, (), 2, "HASH", "no head", "--head", "abc")


def test_harmed(directory):
    """(SQL, what is said, name)"""
    harm = [
        ("UPDATE receipt SET text=replace(text,'node=vm5','node=vm6') WHERE "
         "seq=1005", "record 1005 was changed", "a changed record"),
        ("DELETE FROM receipt WHERE seq=1500", "1 records are missing after "
         "record 1499", "a missing one"),
        ("DELETE FROM receipt WHERE seq=1", "missing after record 0",
         "the first one missing"),
        ("UPDATE receipt SET text=(SELECT text FROM receipt AS o WHERE "
         "o.seq=2*2000+1-receipt.seq) WHERE seq IN (2000,2001)",
         "record 2000 was changed", "two in another order"),
        ("DELETE FROM receipt WHERE seq>2000", "cut off", "the end cut off"),
        ("UPDATE receipt SET job=9 WHERE seq=77", "record 77 is filed under",
         "a record hidden from its job"),
        ("UPDATE receipt SET text='x' WHERE seq=3", "record 3 is no record",
         "nonsense"),
        ("UPDATE meta SET value='2099:%s'" % HASHES[2098], "head was changed",
         "another head"),
    ]
    for sql, text, name in harm:
        check(directory, (sql,), 2, text, name)


def test_log(directory):
    """What a careful forger leaves fits; the log does not."""
    cut = ("DELETE FROM receipt WHERE seq>2000",
           "UPDATE meta SET value='%s'" % head(2000))
    check(directory, cut, 0, "2000 records", "cut off with its head: fits")
    check(directory, cut, 2, "the last one here is 2000", "not with the log",
          "--head", head(RECORDS))
    check(directory, cut, 2, "no record has the log's hash", "nor by hash",
          "--head", HASHES[-1])
    check(directory, (), 2, "record 7 is not the one in the log",
          "a chain that was made anew", "--head", "7:" + HASHES[7])


def test_pruned(directory):
    pruned = ("DELETE FROM receipt WHERE seq<=100",
              "INSERT INTO meta VALUES('receipt.anchor','%s')" % head(100))
    check(directory, pruned, 0, "2000 records after record 100",
          "a pruned chain begins with an anchor")
    check(directory, pruned, 0, "ok", "a log of the anchor",
          "--head", head(100))
    check(directory, pruned, 1, "pruned", "a log of before", "--head", head(9))
    check(directory, pruned + ("DELETE FROM receipt WHERE seq=101",), 2,
          "missing after record 100", "cut off behind the anchor")


def test_json(directory):
    with receipts.Served(SCLONE, directory,
                         "DELETE FROM receipt WHERE seq=9") as served:
        code, text = served.sclone("--json", "receipt", "verify", "vm8")
        reply = json.loads(text)
        tap.ok(code == 2 and not reply["ok"] and len(reply["problems"]) == 1,
               "as JSON: what is wrong")
        tap.equal({r["fields"]["node"] for r in reply["receipts"]}, {"vm8"},
                  "and what was asked for")
        code, text = served.sclone("receipt", "show")
        tap.ok(code == 0, "show")
        tap.contains(text, "Slurm is done", "in words")
        tap.contains(text, "2025-11-22T", "times as times")
        shown = json.loads(served.sclone("receipt", "show", "--json")[1])
        tap.equal(shown["receipts"][0]["hash"], HASHES[0], "as JSON")
        code, text = served.sclone("receipt")
        tap.ok(code == 2 and "show or verify" in text, "neither")
        code, text = served.sclone("receipt", "show", "--head", "x")
        tap.ok(code == 2 and "--limit" in text, "a wrong option")


def main():
    with tempfile.TemporaryDirectory() as directory:
        make(directory)
        test_whole(directory)
        test_harmed(directory)
        test_log(directory)
        test_pruned(directory)
        test_json(directory)
    return tap.done()


sys.exit(main())
