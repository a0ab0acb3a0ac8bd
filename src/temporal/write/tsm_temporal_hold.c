/*-------------------------------------------------------------------------
 *
 * tsm_temporal_hold.c
 *	  What a trigger holds open from one row of a statement to the next.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/resowner.h"

#include "tsm_temporal_int.h"

static TsmTemporalHold *holds = NULL;	/* the open ones */

static void
forget(TsmTemporalHold *hold)
{
	TsmTemporalHold **link;

	for (link = &holds; *link != NULL; link = &(*link)->next)
	{
		if (*link == hold)
		{
			*link = hold->next;
			break;
		}
	}
	hold->open = false;
}

/* The owner has dropped its references (on abort): nothing is left to close. */
static void
owner_released(ResourceReleasePhase phase, bool is_commit, bool is_top, void *arg)
{
	TsmTemporalHold *hold;
	TsmTemporalHold *next;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	for (hold = holds; hold != NULL; hold = next)
	{
		next = hold->next;
		if (hold->owner == CurrentResourceOwner)
			forget(hold);
	}
}

static void
context_reset(void *arg)
{
	TsmTemporalHold *hold = arg;
	ResourceOwner save = CurrentResourceOwner;

	if (!hold->open)
		return;
	forget(hold);
	CurrentResourceOwner = hold->owner;
	hold->close(hold);
	CurrentResourceOwner = save;
}

void
tsm_temporal_hold(TsmTemporalHold *hold, MemoryContext context, ResourceOwner owner,
				  void (*close) (TsmTemporalHold *hold))
{
	static bool registered = false;

	if (!registered)
	{
		RegisterResourceReleaseCallback(owner_released, NULL);
		registered = true;
	}
	hold->owner = owner;
	hold->close = close;
	hold->open = true;
	hold->next = holds;
	holds = hold;
	hold->callback.func = context_reset;
	hold->callback.arg = hold;
	MemoryContextRegisterResetCallback(context, &hold->callback);
}
