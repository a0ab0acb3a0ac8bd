/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_schema.c
 *	  The schemas of segments: tsmem.segment_schemas.
 *
 * A schema is told by its definition, a line a column: its name, its type by
 * qualified name, and how its values go into blocks. OIDs are not in it, so that
 * it is the same after a restore.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "utils/builtins.h"

#include "tsm_delta_fold.h"

#define SEGMENT_SCHEMAS			"segment_schemas"
#define Anum_schema_id			1
#define Anum_schema_definition	2
#define Natts_schema			2

static char *
define(const TsmFoldMap *map)
{
	static const char *const kinds[] = {"", "int", "float", "fixed", "bytes"};
	StringInfoData definition;
	int			i;

	initStringInfo(&definition);
	for (i = 0; i < map->schema.natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(map->desc, map->columns[i].column - 1);
		const TsmCodecAttribute *attribute = &map->attributes[i];

		appendStringInfo(&definition, "%s %s %s", quote_identifier(NameStr(form->attname)),
						 format_type_extended(form->atttypid, form->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY),
						 map->columns[i].as_text ? "text" : kinds[attribute->kind]);
		if (attribute->length > 0)
			appendStringInfo(&definition, " %d", attribute->length);
		appendStringInfoChar(&definition, '\n');
	}
	return definition.data;
}

/*
 * A lock against other writers is held to the end of the transaction only where the
 * schema is new, so that no two get one number.
 */
uint32
tsm_fold_schema_id(const TsmFoldMap *map)
{
	char	   *definition = define(map);
	Oid			relid = tsm_delta_own_relation(SEGMENT_SCHEMAS);
	uint32		greatest;
	uint32		found = 0;
	int			locked;

	for (locked = 0; found == 0 && locked < 2; locked++)
	{
		Relation	rel = table_open(relid, locked ? ShareRowExclusiveLock : AccessShareLock);
		SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		HeapTuple	tuple;
		Datum		values[Natts_schema];
		bool		nulls[Natts_schema];

		greatest = 0;
		while (found == 0 && HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
			greatest = Max(greatest, (uint32) DatumGetInt32(values[Anum_schema_id - 1]));
			if (strcmp(TextDatumGetCString(values[Anum_schema_definition - 1]), definition) == 0)
				found = DatumGetInt32(values[Anum_schema_id - 1]);
		}
		systable_endscan(scan);
		if (found == 0 && locked)
		{
			found = greatest + 1;
			memset(nulls, 0, sizeof(nulls));
			values[Anum_schema_id - 1] = Int32GetDatum(found);
			values[Anum_schema_definition - 1] = CStringGetTextDatum(definition);
			CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
			CommandCounterIncrement();
		}
		table_close(rel, locked ? NoLock : AccessShareLock);
	}
	return found;
}
