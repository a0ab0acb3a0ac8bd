/*-------------------------------------------------------------------------
 *
 * tsm_temporal_portion.c
 *	  The view through which a portion of a period is updated, and how it
 *	  follows its table.
 *
 * The view reads its table with FOR NO KEY UPDATE: a row that another
 * transaction is changing is waited for and looked at again, as a plain
 * UPDATE would, before the trigger of the view sees it. The join with a row of
 * no columns costs nothing; it keeps the view from being updatable by itself,
 * should its trigger be gone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "commands/alter.h"
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_portion.h"

PG_FUNCTION_INFO_V1(tsm_temporal_adopt_period);

/* The name of the view of a period. */
static char *
view_name(const char *table, const char *period)
{
	char	   *name = psprintf("%s_for_portion_of_%s", table, period);

	return strlen(name) < NAMEDATALEN ? name : tsm_temporal_make_name(name, "portion");
}

static bool
has_view(const TsmTemporalPeriod *period)
{
	return OidIsValid(period->portion_view) &&
		get_rel_relkind(period->portion_view) == RELKIND_VIEW;
}

/* "FROM [ONLY] table" for relations whose rows are those of the table alone. */
char *
tsm_temporal_portion_target(Relation rel)
{
	return psprintf("%s%s", rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					tsm_delta_relation_name(RelationGetRelid(rel)));
}

/* What a view is made from, and as what it is stored. */
typedef struct ViewMaking
{
	TsmTemporalPeriod *period;
	Oid			owner;
} ViewMaking;

/* In tsm_delta_as_owner only. */
static void
make_view(void *arg)
{
	ViewMaking *making = arg;
	TsmTemporalPeriod *period = making->period;
	Relation	rel = table_open(period->rel, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *name = view_name(RelationGetRelationName(rel), period->name);
	char	   *qualified = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
													   name);
	StringInfoData columns;
	int			i;

	initStringInfo(&columns);
	for (i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&columns, "%sc.%s", columns.len > 0 ? ", " : "",
							 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	}
	tsm_delta_execute("CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM %s c "
					  "CROSS JOIN (SELECT) one FOR NO KEY UPDATE OF c",
					  qualified, columns.data, tsm_temporal_portion_target(rel));
	tsm_delta_execute("COMMENT ON VIEW %s IS %s", qualified,
					  quote_literal_cstr(psprintf("UPDATE changes the rows of %s for a portion of %s",
												  quote_identifier(RelationGetRelationName(rel)),
												  quote_identifier(period->name))));
	tsm_delta_execute("CREATE TRIGGER \"~tsmem_portion\" INSTEAD OF UPDATE ON %s "
					  "FOR EACH ROW EXECUTE FUNCTION tsmem._for_portion_of()", qualified);
	tsm_delta_execute("CREATE TRIGGER \"~tsmem_update_only\" BEFORE INSERT OR DELETE ON %s "
					  "FOR EACH STATEMENT EXECUTE FUNCTION tsmem._refuse_portion()", qualified);
	tsm_delta_execute("CREATE TRIGGER \"~tsmem_no_other\" INSTEAD OF INSERT OR DELETE ON %s "
					  "FOR EACH ROW EXECUTE FUNCTION tsmem._refuse_portion()", qualified);
	/* Whoever uses it needs the rights on the table itself. */
	tsm_delta_execute("GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO PUBLIC", qualified);
	if (GetUserId() != making->owner)
		tsm_delta_execute("ALTER VIEW %s OWNER TO %s", qualified,
						  quote_identifier(GetUserNameFromId(making->owner, false)));
	period->portion_view = get_relname_relid(name, RelationGetNamespace(rel));
	table_close(rel, NoLock);
}

/* A view goes with its table, and can be dropped alone. */
static void
bind_view(const TsmTemporalPeriod *period)
{
	ObjectAddress view;
	ObjectAddress table;

	if (!has_view(period) || get_rel_relkind(period->rel) == '\0')
		return;
	ObjectAddressSet(view, RelationRelationId, period->portion_view);
	ObjectAddressSet(table, RelationRelationId, period->rel);
	deleteDependencyRecordsForSpecific(RelationRelationId, period->portion_view, DEPENDENCY_AUTO,
									   RelationRelationId, period->rel);
	recordDependencyOn(&view, &table, DEPENDENCY_AUTO);
}

void
tsm_temporal_bind_portions(Oid relid)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(relid))
		bind_view(lfirst(cell));
}

/*
 * Make the view of a period and store its OID. As the table's owner, or
 * where that one may not create in the schema, which no change of a plain
 * table asks for, as the owner of the extension.
 */
static void
add_view(TsmTemporalPeriod *period)
{
	ViewMaking	making = {period, tsm_temporal_owner(period->rel)};
	Oid			maker = making.owner;

	if (tsm_namespace_aclcheck(get_rel_namespace(period->rel), maker, ACL_CREATE) != ACLCHECK_OK)
		maker = tsm_temporal_owner(tsm_delta_own_relation("periods"));
	tsm_delta_as_owner(maker, make_view, &making);
	bind_view(period);
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.periods SET portion_view = %u WHERE rel = %u AND period = %s",
				 period->portion_view, period->rel, quote_literal_cstr(period->name)));
}

/* The registration keeps the OID, so that whoever comes to it knows that there was a view. */
static void
drop_view(const TsmTemporalPeriod *period)
{
	ObjectAddress view;

	if (!has_view(period))
		return;
	ObjectAddressSet(view, RelationRelationId, period->portion_view);
	performDeletion(&view, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
}

/* Whether the view of a period shows other columns than its table has. */
static bool
is_stale(const TsmTemporalPeriod *period)
{
	Relation	rel = table_open(period->rel, AccessShareLock);
	Relation	view = table_open(period->portion_view, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	TupleDesc	shown = RelationGetDescr(view);
	int			live = 0;
	int			i;
	bool		same = true;

	for (i = 0; same && i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		same = live < shown->natts &&
			strcmp(NameStr(attribute->attname), NameStr(TupleDescAttr(shown, live)->attname)) == 0 &&
			attribute->atttypid == TupleDescAttr(shown, live)->atttypid &&
			attribute->atttypmod == TupleDescAttr(shown, live)->atttypmod;
		live++;
	}
	same = same && live == shown->natts;
	table_close(view, AccessShareLock);
	table_close(rel, AccessShareLock);
	return !same;
}

/* ALTER TABLE ... OWNER TO. */
static void
give_view(const TsmTemporalPeriod *period)
{
	Oid			owner = tsm_temporal_owner(period->rel);

	if (tsm_temporal_owner(period->portion_view) == owner)
		return;
	ATExecChangeOwner(period->portion_view, owner, true, AccessExclusiveLock);
	CommandCounterIncrement();
}

/* Parts of an extension, and temporary tables, have no view: it would be part of the extension, or could not be made. */
static bool
wants_view(Oid relid)
{
	return get_rel_persistence(relid) != RELPERSISTENCE_TEMP &&
		!OidIsValid(getExtensionOfObject(RelationRelationId, relid));
}

/* The periods of a table and of those below it. */
static List *
periods_below(Oid relid)
{
	List	   *relations = NIL;
	List	   *periods = NIL;
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(InvalidOid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (relations == NIL)
			relations = find_all_inheritors(relid, NoLock, NULL);
		if (list_member_oid(relations, period->rel) && get_rel_relkind(period->rel) != '\0')
			periods = lappend(periods, period);
	}
	return periods;
}

void
tsm_temporal_follow_portions(Oid relid)
{
	ListCell   *cell;

	foreach(cell, periods_below(relid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (!wants_view(period->rel))
			continue;
		if (has_view(period) && is_stale(period))
			drop_view(period);
		if (has_view(period))
			give_view(period);
		else
			add_view(period);
	}
}

/*
 * An update through a view locks the view, then the table. Who changes the
 * table and then its view would meet it half-way.
 */
void
tsm_temporal_lock_portions(Oid relid)
{
	ListCell   *cell;

	foreach(cell, periods_below(relid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (has_view(period))
			LockRelationOid(period->portion_view, AccessExclusiveLock);
	}
}

void
tsm_temporal_drop_portions(Oid relid)
{
	ListCell   *cell;

	foreach(cell, periods_below(relid))
		drop_view(lfirst(cell));
}

/* Before DROP EXTENSION: without their triggers the views would be of no use, and in its way. */
void
tsm_temporal_drop_all_portions(void)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(InvalidOid))
		drop_view(lfirst(cell));
	CommandCounterIncrement();
}

/* AFTER INSERT on tsmem.periods: a registration came with a restored dump, or is about to get its view. */
Datum
tsm_temporal_adopt_period(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	bool		null;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || !TRIGGER_FIRED_AFTER(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_adopt_period")));
	CommandCounterIncrement();	/* to see the row */
	/* The first column is the table. */
	tsm_temporal_bind_portions(DatumGetObjectId(slot_getattr(data->tg_trigslot, 1, &null)));
	PG_RETURN_POINTER(NULL);
}

void
tsm_temporal_move_portions(Oid relid)
{
	ObjectAddresses *moved = new_object_addresses();
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(relid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (has_view(period))
			(void) AlterObjectNamespace_oid(RelationRelationId, period->portion_view,
											get_rel_namespace(relid), moved);
	}
	free_object_addresses(moved);
	CommandCounterIncrement();
}

void
tsm_temporal_rename_portions(Oid relid, const char *old_name, const char *new_name)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(relid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (!has_view(period) || strcmp(get_rel_name(period->portion_view),
										view_name(old_name, period->name)) != 0)
			continue;
		RenameRelationInternal(period->portion_view, view_name(new_name, period->name), true, false);
		CommandCounterIncrement();
	}
}
