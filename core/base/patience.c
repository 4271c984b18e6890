/*
 * patience.c: whether a sign of life may be missed.
 */
#include "config.h"

#include "core/base/patience.h"

/* If the last look was longer ago than this, something was suspended. */
#define PATIENCE_GAP_MAX_MS 2000
#define PATIENCE_SECOND_CHANCE_MS 3000

bool
patience_over(struct patience *patience, int64_t now_ms)
{
	if (now_ms - patience->looked_ms > PATIENCE_GAP_MAX_MS)
		patience->until_ms = now_ms + PATIENCE_SECOND_CHANCE_MS;
	patience->looked_ms = now_ms;
	return now_ms >= patience->until_ms;
}
