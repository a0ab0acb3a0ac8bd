/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_report.c
 *	  Violations of temporal foreign keys, in the server's words.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "tsm_temporal_foreign.h"

/* Whether the current user may see these columns of a table: all of it, or each of them, and no policy is in the way. */
static bool
may_see(Oid relid, const List *columns)
{
	ListCell   *cell;

	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	foreach(cell, columns)
	{
		if (pg_attribute_aclcheck(relid, get_attnum(relid, lfirst(cell)), GetUserId(),
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* "(id, valid_at)=(1, [...))", or NULL when the user may not see it. */
static char *
key_text(TsmForeignInfo *info, bool referencing, Datum *values)
{
	Oid			relid = referencing ? info->key->rel : info->key->referenced;
	List	   *columns = referencing ?
		lappend(list_copy(info->key->key_columns), info->key->period) :
		lappend(list_copy(info->key->referenced_columns), info->key->referenced_period);
	Oid		   *types = referencing ? info->types : info->referenced_types;
	StringInfoData names;
	StringInfoData texts;
	int			i;

	if (!may_see(relid, columns))
		return NULL;
	initStringInfo(&names);
	initStringInfo(&texts);
	for (i = 0; i <= info->nkeys; i++)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(types[i], &output, &varlena);
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", (char *) list_nth(columns, i));
		appendStringInfo(&texts, "%s%s", i == 0 ? "" : ", ",
						 OidOutputFunctionCall(output, values[i]));
	}
	return psprintf("(%s)=(%s)", names.data, texts.data);
}

void
tsm_foreign_report_missing(TsmForeignInfo *info, Relation rel, Datum *values)
{
	char	   *key = key_text(info, true, values);
	const char *referenced = get_rel_name(info->key->referenced);

	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("insert or update on table \"%s\" violates foreign key constraint \"%s\"",
					RelationGetRelationName(rel), info->key->name),
			 key != NULL ? errdetail("Key %s is not present in table \"%s\".", key, referenced) :
			 errdetail("Key is not present in table \"%s\".", referenced),
			 errtableconstraint(rel, info->key->name)));
}

void
tsm_foreign_report_needed(TsmForeignInfo *info, Relation rel, Datum *values, bool restricted)
{
	char	   *key = key_text(info, false, values);
	const char *referencing = get_rel_name(info->key->rel);
	Relation	constrained;

	if (key == NULL)
		key = "";
	constrained = RelationIdGetRelation(info->key->rel);
	ereport(ERROR,
			(errcode(restricted ? ERRCODE_RESTRICT_VIOLATION : ERRCODE_FOREIGN_KEY_VIOLATION),
			 restricted ?
			 errmsg("update or delete on table \"%s\" violates RESTRICT setting of foreign key constraint \"%s\" on table \"%s\"",
					RelationGetRelationName(rel), info->key->name, referencing) :
			 errmsg("update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
					RelationGetRelationName(rel), info->key->name, referencing),
			 errdetail(restricted ? "Key%s%s is referenced from table \"%s\"." :
					   "Key%s%s is still referenced from table \"%s\".",
					   key[0] == '\0' ? "" : " ", key, referencing),
			 constrained != NULL ? errtableconstraint(constrained, info->key->name) : 0));
}
