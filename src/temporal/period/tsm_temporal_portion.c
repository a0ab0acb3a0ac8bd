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

	return strlen(name) < NAMEDATALEN ? name : tsm_delta_make_name(name, "portion");
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

/* CREATE [OR REPLACE] VIEW, of the columns that the table has now, and its comment. */
static void
define_view(const TsmTemporalPeriod *period, Relation rel, const char *create,
			const char *qualified)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData columns;
	int			i;

	initStringInfo(&columns);
	for (i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&columns, "%sc.%s", columns.len > 0 ? ", " : "",
							 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	}
	tsm_delta_execute("%s %s WITH (security_invoker = true) AS SELECT %s FROM %s c "
					  "CROSS JOIN (SELECT) one FOR NO KEY UPDATE OF c",
					  create, qualified, columns.data, tsm_temporal_portion_target(rel));
	tsm_delta_execute("COMMENT ON VIEW %s IS %s", qualified,
					  quote_literal_cstr(psprintf("UPDATE changes the rows of %s for a portion of %s",
												  quote_identifier(RelationGetRelationName(rel)),
												  quote_identifier(period->name))));
}

/* In tsm_delta_as_owner only. */
static void
make_view(void *arg)
{
	ViewMaking *making = arg;
	TsmTemporalPeriod *period = making->period;
	Relation	rel = table_open(period->rel, AccessShareLock);
	char	   *name = view_name(RelationGetRelationName(rel), period->name);
	char	   *qualified = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
													   name);

	define_view(period, rel, "CREATE VIEW", qualified);
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
 * As the table's owner, or where that one may not create in the schema, which
 * no change of a plain table asks for, as the owner of the extension.
 */
static void
as_maker(TsmTemporalPeriod *period, void (*act) (void *))
{
	ViewMaking	making = {period, tsm_temporal_owner(period->rel)};
	Oid			maker = making.owner;

	if (tsm_namespace_aclcheck(get_rel_namespace(period->rel), maker, ACL_CREATE) != ACLCHECK_OK)
		maker = tsm_temporal_owner(tsm_delta_own_relation("periods"));
	tsm_delta_as_owner(maker, act, &making);
}

/* Make the view of a period and store its OID. */
static void
add_view(TsmTemporalPeriod *period)
{
	as_maker(period, make_view);
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

/* How the view of a period stands to its table. */
typedef enum ViewState
{
	VIEW_GOOD,
	VIEW_BEHIND,				/* columns have other names, or are added */
	VIEW_STALE					/* other columns; the view must be made anew */
} ViewState;

static ViewState
view_state(const TsmTemporalPeriod *period)
{
	Relation	rel = table_open(period->rel, AccessShareLock);
	Relation	view = table_open(period->portion_view, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	TupleDesc	shown = RelationGetDescr(view);
	ViewState	state = VIEW_GOOD;
	int			live = 0;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Form_pg_attribute other = live < shown->natts ? TupleDescAttr(shown, live) : NULL;

		if (attribute->attisdropped)
			continue;
		live++;
		if (other != NULL && strcmp(NameStr(attribute->attname), NameStr(other->attname)) == 0 &&
			attribute->atttypid == other->atttypid && attribute->atttypmod == other->atttypmod)
			continue;
		if (other != NULL && (attribute->atttypid != other->atttypid ||
							  attribute->atttypmod != other->atttypmod ||
							  get_attnum(period->portion_view, NameStr(attribute->attname)) != InvalidAttrNumber))
			state = VIEW_STALE;
		else if (state == VIEW_GOOD)
			state = VIEW_BEHIND;
	}
	if (live < shown->natts)
		state = VIEW_STALE;
	table_close(view, AccessShareLock);
	table_close(rel, AccessShareLock);
	return state;
}

/*
 * Give the view the names of the table's columns, and those added to it:
 * views of users' over it stay. In tsm_delta_as_owner only.
 */
static void
amend_view(void *arg)
{
	TsmTemporalPeriod *period = ((ViewMaking *) arg)->period;
	Relation	rel = table_open(period->rel, AccessShareLock);
	const char *table = RelationGetRelationName(rel);
	TupleDesc	desc = RelationGetDescr(rel);
	AttrNumber	live = 0;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);
		char	   *shown;

		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		shown = get_attname(period->portion_view, ++live, true);
		if (shown == NULL || strcmp(shown, name) == 0)
			continue;
		tsm_delta_execute("ALTER VIEW %s RENAME COLUMN %s TO %s",
						  tsm_delta_relation_name(period->portion_view), quote_identifier(shown),
						  quote_identifier(name));
		if (strcmp(name, period->name) == 0 &&
			strcmp(get_rel_name(period->portion_view), view_name(table, shown)) == 0)
			tsm_delta_execute("ALTER VIEW %s RENAME TO %s",
							  tsm_delta_relation_name(period->portion_view),
							  quote_identifier(view_name(table, name)));
	}
	define_view(period, rel, "CREATE OR REPLACE VIEW", tsm_delta_relation_name(period->portion_view));
	table_close(rel, NoLock);
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
		if (has_view(period) && view_state(period) == VIEW_STALE)
			drop_view(period);
		if (!has_view(period))
			add_view(period);
		else
		{
			give_view(period);
			if (view_state(period) == VIEW_BEHIND)
				as_maker(period, amend_view);
		}
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
