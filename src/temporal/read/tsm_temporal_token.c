/*-------------------------------------------------------------------------
 *
 * tsm_temporal_token.c
 *	  Snapshot tokens: their text, and what they saw. See tsm_temporal_read.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "tsm_temporal_read.h"

#define TOKEN_PREFIX "tsm1."

/* Turns of a loop over a token between two looks at interrupts. */
#define INTERRUPT_EVERY 65536

char *
tsm_snapshot_write(const TsmSnapshot *snapshot)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfo(&text, TOKEN_PREFIX "%016llx.%lld.",
					 (unsigned long long) snapshot->system_identifier, (long long) snapshot->time);
	if (snapshot->own != 0)
		appendStringInfo(&text, "%llu", (unsigned long long) snapshot->own);
	appendStringInfo(&text, ".%llu:%llu:", (unsigned long long) snapshot->xmin,
					 (unsigned long long) snapshot->xmax);
	for (i = 0; i < snapshot->nxip; i++)
		appendStringInfo(&text, "%s%llu", i > 0 ? "," : "", (unsigned long long) snapshot->xip[i]);
	return text.data;
}

/* The value of a digit of numbers to the base 10 or 16 (lower case); -1 for another character. */
static int
digit_value(char c, int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Read digits and move on; false without one or when they do not fit 64 bits. */
static bool
read_number(const char **text, int base, uint64 *value)
{
	const char *start = *text;
	int			digit;

	*value = 0;
	while ((digit = digit_value(**text, base)) >= 0)
	{
		if (*value > (PG_UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
		(*text)++;
	}
	return *text > start;
}

/* Pass over a character; false when another is there. */
static bool
read_character(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* A time that a timestamptz can hold. */
static bool
read_time(const char **text, TimestampTz *time)
{
	bool		negative = read_character(text, '-');
	uint64		value;

	if (!read_number(text, 10, &value) || value > PG_INT64_MAX)
		return false;
	*time = negative ? -(TimestampTz) value : (TimestampTz) value;
	return IS_VALID_TIMESTAMP(*time);
}

/* The transactions after the second colon, to the end of the text. */
static bool
read_xids(const char *text, TsmSnapshot *snapshot)
{
	uint64		last = 0;

	snapshot->nxip = 0;
	if (*text == '\0')
		return true;
	do
	{
		uint64		xid;

		if (snapshot->nxip % INTERRUPT_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (snapshot->nxip == TSM_SNAPSHOT_MAX_XIDS || !read_number(&text, 10, &xid) ||
			xid <= last || xid < snapshot->xmin || xid >= snapshot->xmax)
			return false;
		last = snapshot->xip[snapshot->nxip++] = xid;
	} while (read_character(&text, ','));
	return *text == '\0';
}

/* How many transactions a text may name: as many as it has commas, and one. */
static int
count_xids(const char *text)
{
	int			count = 1;

	for (; *text != '\0' && count < TSM_SNAPSHOT_MAX_XIDS; text++)
		count += *text == ',';
	return count;
}

TsmSnapshot *
tsm_snapshot_read(const char *text)
{
	TsmSnapshot *snapshot = palloc(offsetof(TsmSnapshot, xip) + sizeof(uint64) * count_xids(text));

	if (strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) == 0)
	{
		text += strlen(TOKEN_PREFIX);
		snapshot->own = 0;
		if (read_number(&text, 16, &snapshot->system_identifier) && read_character(&text, '.') &&
			read_time(&text, &snapshot->time) && read_character(&text, '.') &&
			(*text == '.' || (read_number(&text, 10, &snapshot->own) && snapshot->own > 0)) &&
			read_character(&text, '.') && read_number(&text, 10, &snapshot->xmin) &&
			read_character(&text, ':') && read_number(&text, 10, &snapshot->xmax) &&
			read_character(&text, ':') && snapshot->xmin > 0 &&
			snapshot->xmin <= snapshot->xmax && read_xids(text, snapshot))
			return snapshot;
	}
	pfree(snapshot);
	return NULL;
}

bool
tsm_snapshot_sees(const TsmSnapshot *snapshot, uint64 xid)
{
	int			low = 0;
	int			high = snapshot->nxip;

	if (xid < snapshot->xmin || xid == snapshot->own)
		return true;
	if (xid >= snapshot->xmax)
		return false;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (snapshot->xip[middle] == xid)
			return false;
		if (snapshot->xip[middle] < xid)
			low = middle + 1;
		else
			high = middle;
	}
	return true;
}

/* Whether it saw what a transaction did at a time. */
static bool
sees_event(const TsmSnapshot *snapshot, TimestampTz since, TimestampTz time, uint64 xid)
{
	if (time < since || xid == 0)
		return time <= snapshot->time;
	return tsm_snapshot_sees(snapshot, xid);
}

bool
tsm_snapshot_sees_version(const TsmSnapshot *snapshot, TimestampTz since, const TsmVersion *version)
{
	return sees_event(snapshot, since, version->start, version->start_xid) &&
		!(version->ended && sees_event(snapshot, since, version->end, version->end_xid));
}
