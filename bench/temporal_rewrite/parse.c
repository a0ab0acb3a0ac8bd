/*
 * parse.c
 *	  bench_parse(text, loops): nanoseconds that the server's own parser takes for a text.
 */
#include "postgres.h"

#include "fmgr.h"
#include "parser/parser.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(bench_parse);

Datum
bench_parse(PG_FUNCTION_ARGS)
{
	char	   *source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			loops = PG_GETARG_INT32(1);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bench parse", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	instr_time	begin;
	instr_time	end;
	int			i;

	INSTR_TIME_SET_CURRENT(begin);
	for (i = 0; i < loops; i++)
	{
		(void) raw_parser(source, RAW_PARSE_DEFAULT);
		MemoryContextReset(context);
	}
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, begin);
	MemoryContextSwitchTo(old);
	PG_RETURN_FLOAT8(INSTR_TIME_GET_DOUBLE(end) * 1e9 / loops);
}
