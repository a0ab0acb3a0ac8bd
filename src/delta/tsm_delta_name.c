/*-------------------------------------------------------------------------
 *
 * tsm_delta_name.c
 *	  Names of what is made beside a table of the user's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "tsm_delta.h"

/* Hexadecimal digits of the hash in a shortened name. */
#define HASH_DIGITS 12

/* FNV-1a, 64 bits: the same on every machine, so that names survive a dump. */
static uint64
hash_name(const char *name)
{
	uint64		hash = UINT64CONST(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
	{
		hash ^= (unsigned char) *name;
		hash *= UINT64CONST(0x100000001b3);
	}
	return hash;
}

char *
tsm_delta_make_name(const char *base, const char *suffix)
{
	int			length = strlen(base);
	int			room = NAMEDATALEN - 1 - strlen(suffix) - 1;

	if (length <= room)
		return psprintf("%s_%s", base, suffix);
	length = pg_mbcliplen(base, length, room - HASH_DIGITS - 1);
	return psprintf("%.*s_%0*llx_%s", length, base, HASH_DIGITS,
					(unsigned long long) (hash_name(base) >> (64 - 4 * HASH_DIGITS)), suffix);
}
