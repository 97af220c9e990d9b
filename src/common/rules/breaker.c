/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "breaker.h"

bool breaker_open(const struct breaker *breaker)
{
	return breaker->open_until != 0;
}

static int64_t _pause(uint32_t openings)
{
	int64_t pause = BREAKER_PAUSE;

	while (openings-- && pause < BREAKER_PAUSE_MAX)
		pause *= 2;
	return pause < BREAKER_PAUSE_MAX ? pause : BREAKER_PAUSE_MAX;
}

/* It rests for longer than it was told to: the clock was set back since. */
static bool _rests_too_long(const struct breaker *breaker, int64_t now)
{
	return breaker->openings && now < breaker->open_until &&
	       breaker->open_until - now > _pause(breaker->openings - 1);
}

bool breaker_allows(const struct breaker *breaker, int64_t now)
{
	if (!breaker_open(breaker))
		return true;
	return !breaker->canary && (now >= breaker->open_until ||
				    _rests_too_long(breaker, now));
}

void breaker_try(struct breaker *breaker, int64_t now)
{
	if (!breaker_open(breaker))
		*breaker = (struct breaker) { .open_until = now };
}

bool breaker_on_trial(const struct breaker *breaker)
{
	return breaker_open(breaker) && !breaker->failures;
}

void breaker_start(struct breaker *breaker)
{
	if (breaker_open(breaker))
		breaker->canary = true;
}

void breaker_success(struct breaker *breaker)
{
	*breaker = (struct breaker) { 0 };
}

void breaker_failure(struct breaker *breaker, int64_t now)
{
	bool tried = breaker->canary;

	breaker->canary = false;
	if (breaker->failures < UINT32_MAX)
		breaker->failures++;
	/* Clones that were under way when it opened say nothing new. */
	if (breaker_open(breaker) && !tried)
		return;
	if (breaker->failures < BREAKER_FAILURES && !tried)
		return;
	breaker->open_until = now + _pause(breaker->openings);
	if (breaker->openings < 32)
		breaker->openings++;
}

void breaker_failure_of(struct breaker *breaker, uint32_t part, int64_t now)
{
	if (breaker->culprit != part)
		breaker->repeats = 0;
	breaker->culprit = part;
	if (++breaker->repeats < BREAKER_FAILURES || breaker_open(breaker))
		breaker_failure(breaker, now);
	else
		breaker_cancel(breaker);
}

void breaker_cancel(struct breaker *breaker)
{
	breaker->canary = false;
}
