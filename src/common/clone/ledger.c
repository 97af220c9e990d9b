/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/rules/text.h"
#include "ledger.h"

#define HEAD "receipt.head"
#define ANCHOR "receipt.anchor"
#define PRUNE_STEP 1000		/* records read at a time */

/* A record that is added, and not published yet. */
struct news {
	STAILQ_ENTRY(news) link;
	struct receipt_head head;
	uint64_t epoch;
	char node[OWNER_NODE_SIZE];
};

struct ledger {
	struct journal *journal;
	struct receipt_head head, anchor;
	STAILQ_HEAD(, news) news;	/* at most one a node, see fleet.h */
};

/* Nothing is there, or nothing that can be read: as at the beginning. */
static int _read_head(struct journal *journal, const char *name,
		      struct receipt_head *head, struct err *err)
{
	cleanup_free char *text = NULL;

	receipt_begin(head);
	if (journal_get_meta(journal, name, &text, err) < 0)
		return -1;
	if (text)
		(void) receipt_parse_head(text, head, NULL);
	return 0;
}

static int _keep_head(struct ledger *ledger, const char *name,
		      const struct receipt_head *head, struct err *err)
{
	char text[RECEIPT_HEAD_SIZE];

	receipt_print_head(head, text);
	return journal_set_meta(ledger->journal, name, text, err);
}

/* Numbers are never used twice, whatever became of the head. */
static int _each_last(const struct journal_receipt *receipt, void *arg,
		      struct err *err)
{
	struct ledger *ledger = arg;

	(void) err;
	if ((uint64_t) receipt->seq > ledger->head.seq)
		ledger->head.seq = (uint64_t) receipt->seq;
	return 0;
}

struct ledger *ledger_create(struct journal *journal, struct err *err)
{
	const struct journal_receipts last = { .newest = true, .limit = 1 };
	cleanup_ledger struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger) {
		err_nomem(err);
		return NULL;
	}
	STAILQ_INIT(&ledger->news);
	ledger->journal = journal;
	if (_read_head(journal, HEAD, &ledger->head, err) < 0 ||
	    _read_head(journal, ANCHOR, &ledger->anchor, err) < 0 ||
	    journal_receipts(journal, &last, _each_last, ledger, err) < 0)
		return NULL;
	return steal_ptr(&ledger);
}

void ledger_destroy(struct ledger *ledger)
{
	struct news *news;

	if (!ledger)
		return;
	while ((news = STAILQ_FIRST(&ledger->news)) != NULL) {
		STAILQ_REMOVE_HEAD(&ledger->news, link);
		free(news);
	}
	free(ledger);
}

static int _put(struct ledger *ledger, const struct record *rec, int64_t at,
		const struct receipt_head *head, const char *text,
		struct err *err)
{
	const struct journal_receipt receipt = {
		.seq = (int64_t) head->seq, .node = rec->node,
		.job = rec->req.job, .absent_us = at, .text = text,
	};

	if (journal_add_receipt(ledger->journal, &receipt, err) < 0)
		return -1;
	return _keep_head(ledger, HEAD, head, err);
}

int ledger_add(struct ledger *ledger, const struct record *rec, int64_t at,
	       struct err *err)
{
	cleanup_free struct news *news = calloc(1, sizeof(*news));
	struct receipt_head head = ledger->head;
	cleanup_buf struct buf line, text;

	buf_init(&line, RECORD_LINE_MAX);
	buf_init(&text, RECEIPT_TEXT_MAX);
	receipt_line(rec, at, &line);
	if (!news)
		return err_nomem(err);
	if (buf_ok(&line, "receipt", err) < 0)
		return -1;
	receipt_add(&head, buf_str(&line), &text);
	if (buf_ok(&text, "receipt", err) < 0 ||
	    _put(ledger, rec, at, &head, buf_str(&text), err) < 0)
		return -1;
	ledger->head = news->head = head;
	news->epoch = rec->epoch;
	text_set(news->node, rec->node);
	STAILQ_INSERT_TAIL(&ledger->news, news, link);
	news = NULL;
	return 0;
}

void ledger_publish(struct ledger *ledger,
		    void (*each)(const struct receipt_head *head,
				 const char *node, uint64_t epoch, void *arg),
		    void *arg)
{
	struct news *news;

	while ((news = STAILQ_FIRST(&ledger->news)) != NULL) {
		STAILQ_REMOVE_HEAD(&ledger->news, link);
		each(&news->head, news->node, news->epoch, arg);
		free(news);
	}
}

/* --- pruning ------------------------------------------------------------ */

struct pruning {
	int64_t before_us;
	struct receipt_head last;	/* the last one that may go */
	size_t count;
};

static int _each_old(const struct journal_receipt *receipt, void *arg,
		     struct err *err)
{
	struct pruning *pruning = arg;

	(void) err;
	if (receipt->absent_us >= pruning->before_us)
		return 1;
	(void) receipt_take(&pruning->last, (uint64_t) receipt->seq,
			    receipt->text, NULL);
	pruning->count++;
	return 0;
}

int ledger_prune(struct ledger *ledger, int64_t before_us, struct err *err)
{
	struct journal_receipts wanted = { .limit = PRUNE_STEP };
	struct pruning pruning;

	do {
		pruning = (struct pruning) { .before_us = before_us,
					     .last = ledger->anchor };
		wanted.after = (int64_t) ledger->anchor.seq;
		if (journal_receipts(ledger->journal, &wanted, _each_old,
				     &pruning, err) < 0)
			return -1;
		if (!pruning.count)
			return 0;
		if (_keep_head(ledger, ANCHOR, &pruning.last, err) < 0 ||
		    journal_drop_receipts(ledger->journal,
					  (int64_t) pruning.last.seq,
					  err) < 0)
			return -1;
		ledger->anchor = pruning.last;
	} while (pruning.count == PRUNE_STEP);
	return 0;
}

const struct receipt_head *ledger_head(const struct ledger *ledger)
{
	return &ledger->head;
}

const struct receipt_head *ledger_anchor(const struct ledger *ledger)
{
	return &ledger->anchor;
}
