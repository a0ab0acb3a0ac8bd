/*-------------------------------------------------------------------------
 *
 * tsm_temporal_name.c
 *	  Names of generated objects; small questions to the catalogue.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "tsm_temporal_int.h"

bool
tsm_temporal_name_in(const List *names, const char *name)
{
	const ListCell *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

List *
tsm_temporal_replace_name(const List *names, const char *old_name, const char *new_name)
{
	const ListCell *cell;
	List	   *result = NIL;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), old_name) != 0)
			result = lappend(result, lfirst(cell));
		else if (new_name != NULL)
			result = lappend(result, pstrdup(new_name));
	}
	return result;
}

char *
tsm_temporal_names_text(const List *names)
{
	return OidOutputFunctionCall(F_ARRAY_OUT, tsm_delta_names_datum(names));
}

Oid
tsm_temporal_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

char *
tsm_temporal_collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}
