/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_text.c
 *	  Values that go into blocks as text.
 *
 * Bytes that hold OIDs mean nothing in a database that a dump was restored
 * into. Such values go in as the text of their types, under fixed settings.
 *
 * Names of objects (regclass and the like) are OIDs that outlive what they
 * name: the name of a dropped table cannot be read again, and that of a
 * renamed one is another's. They go in as "cluster database oid name": where
 * they were written the OID is right; elsewhere it is what has the name, or
 * if there is nothing of that name the number, as in a dump.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "tsm_delta_segment_text.h"

/* Whether an OID is the same in every cluster. */
static bool
is_built_in(Oid type)
{
	return type < FirstGenbkiObjectId;
}

/* Types that name an object, by one word at least and no type. */
static bool
is_object_name(Oid type)
{
	switch (type)
	{
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGNAMESPACEOID:
		case REGOPEROID:
		case REGPROCOID:
		case REGROLEOID:
		case REGTYPEOID:
			return true;
		default:
			return false;
	}
}

/* Types whose text is not to be read again everywhere, and whose bytes are not to be kept. */
static bool
is_unreadable(Oid type, void *arg)
{
	switch (type)
	{
		case REGPROCEDUREOID:
		case REGOPERATOROID:
		case ACLITEMOID:
			return true;
		default:
			return false;
	}
}

/* The same within another type. */
static bool
is_unreadable_inside(Oid type, void *arg)
{
	switch (type)
	{
		case PG_NODE_TREEOID:
		case PG_NDISTINCTOID:
		case PG_DEPENDENCIESOID:
		case PG_MCV_LISTOID:
		case PG_BRIN_BLOOM_SUMMARYOID:
		case PG_BRIN_MINMAX_MULTI_SUMMARYOID:
			return true;
		default:
			return is_object_name(type) || is_unreadable(type, arg);
	}
}

/* Types whose text is read by settings. */
static bool
is_read_by_settings(Oid type, void *arg)
{
	return type == MONEYOID || type == XMLOID;
}

/* The type directly below a domain. */
static Oid
domain_base(Oid domain)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(domain));
	Oid			base;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", domain);
	base = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
	ReleaseSysCache(tuple);
	return base;
}

static bool
attribute_contains(Oid type, TsmSegmentTypeTest test, void *arg)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);
	bool		found = false;
	int			i;

	for (i = 0; i < desc->natts && !found; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		found = !attribute->attisdropped &&
			(test(attribute->atttypid, arg) || tsm_segment_type_contains(attribute->atttypid, test, arg));
	}
	FreeTupleDesc(desc);
	return found;
}

bool
tsm_segment_type_contains(Oid type, TsmSegmentTypeTest test, void *arg)
{
	Oid			inner = InvalidOid;

	check_stack_depth();
	switch (get_typtype(type))
	{
		case TYPTYPE_DOMAIN:
			inner = domain_base(type);
			break;
		case TYPTYPE_COMPOSITE:
			return attribute_contains(type, test, arg);
		case TYPTYPE_RANGE:
			inner = get_range_subtype(type);
			break;
		case TYPTYPE_MULTIRANGE:
			inner = get_multirange_range(type);
			break;
		case TYPTYPE_BASE:
			if (get_typlen(type) == -1)
				inner = get_element_type(type);
			break;
		default:
			break;
	}
	return OidIsValid(inner) && (test(inner, arg) || tsm_segment_type_contains(inner, test, arg));
}

/* The type of the objects that values name, themselves or as elements of an array; InvalidOid for others. */
static Oid
named_objects(Oid base, bool *array)
{
	Oid			element = get_typlen(base) == -1 ? get_element_type(base) : InvalidOid;

	*array = OidIsValid(element);
	if (*array)
		base = getBaseType(element);
	return is_object_name(base) ? base : InvalidOid;
}

bool
tsm_segment_goes_as_text(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element;

	switch (get_typtype(base))
	{
		case TYPTYPE_ENUM:
		case TYPTYPE_COMPOSITE:
			return true;
		case TYPTYPE_RANGE:
			return !is_built_in(base) || tsm_segment_goes_as_text(get_range_subtype(base));
		case TYPTYPE_MULTIRANGE:
			return !is_built_in(base) || tsm_segment_goes_as_text(get_multirange_range(base));
		default:
			break;
	}
	if (base == RECORDOID || is_object_name(base) || get_typlen(base) == -2)
		return true;
	element = get_typlen(base) == -1 ? get_element_type(base) : InvalidOid;
	return OidIsValid(element) && (!is_built_in(element) || tsm_segment_goes_as_text(element));
}

/* Take the lock that keeps labels of an enum, or columns of a row type, as they are. */
static bool
lock_type(Oid type, void *arg)
{
	if (get_typtype(type) == TYPTYPE_ENUM)
		LockDatabaseObject(TypeRelationId, type, 0, RowShareLock);
	else if (get_typtype(type) == TYPTYPE_COMPOSITE)
		LockRelationOid(get_typ_typrelid(type), AccessShareLock);
	return false;
}

void
tsm_segment_lock_type(Oid type)
{
	(void) lock_type(type, NULL);
	(void) tsm_segment_type_contains(type, lock_type, NULL);
}

bool
tsm_segment_can_keep(Oid type)
{
	Oid			base = getBaseType(type);
	bool		array;

	if (OidIsValid(named_objects(base, &array)))
		return true;
	return !is_unreadable(base, NULL) && !tsm_segment_type_contains(base, is_unreadable_inside, NULL);
}

/* ---- names of objects ---- */

/* What has a name; InvalidOid where nothing has. */
static Oid
look_up(Oid function, char *name)
{
	LOCAL_FCINFO(call, 1);
	FmgrInfo	info;
	Datum		result;

	fmgr_info(function, &info);
	InitFunctionCallInfoData(*call, &info, 1, DEFAULT_COLLATION_OID, NULL, NULL);
	call->args[0].value = CStringGetTextDatum(name);
	call->args[0].isnull = false;
	result = FunctionCallInvoke(call);
	return call->isnull ? InvalidOid : DatumGetObjectId(result);
}

static Oid
object_of_name(Oid type, char *name)
{
	switch (type)
	{
		case REGCLASSOID:
			return look_up(F_TO_REGCLASS, name);
		case REGCOLLATIONOID:
			return look_up(F_TO_REGCOLLATION, name);
		case REGCONFIGOID:
			return get_ts_config_oid(tsm_name_list(name), true);
		case REGDICTIONARYOID:
			return get_ts_dict_oid(tsm_name_list(name), true);
		case REGNAMESPACEOID:
			return look_up(F_TO_REGNAMESPACE, name);
		case REGOPEROID:
			return look_up(F_TO_REGOPER, name);
		case REGPROCOID:
			return look_up(F_TO_REGPROC, name);
		case REGROLEOID:
			return look_up(F_TO_REGROLE, name);
		default:
			return look_up(F_TO_REGTYPE, name);
	}
}

static char *
text_of_object(TsmSegmentText *how, Oid object)
{
	return psprintf(UINT64_FORMAT " %u %u %s", GetSystemIdentifier(), MyDatabaseId, object,
					OutputFunctionCall(&how->function, ObjectIdGetDatum(object)));
}

/* XX001 for what text_of_object has not written. */
static Oid
object_of_text(TsmSegmentText *how, char *string)
{
	uint64		cluster;
	Oid			database;
	Oid			object;
	Oid			found = InvalidOid;
	int			length = 0;

	if (sscanf(string, UINT64_FORMAT " %u %u %n", &cluster, &database, &object, &length) != 3 ||
		length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a folded value of type %s cannot be read", format_type_be(how->objects))));
	if (cluster == GetSystemIdentifier() && database == MyDatabaseId)
		return object;
	/* 0 is "-", and what was gone when it was written has a number for a name. */
	if (OidIsValid(object) && strspn(string + length, "0123456789") != strlen(string + length))
		found = object_of_name(how->objects, string + length);
	return OidIsValid(found) ? found : object;
}

/* An array of names as one of texts, of the same shape. */
static char *
text_of_objects(TsmSegmentText *how, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			i;

	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(Oid), true, TYPALIGN_INT, &elements, &nulls,
					  &count);
	for (i = 0; i < count; i++)
		elements[i] = nulls[i] ? (Datum) 0 :
			CStringGetTextDatum(text_of_object(how, DatumGetObjectId(elements[i])));
	array = construct_md_array(elements, nulls, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array),
							   TEXTOID, -1, false, TYPALIGN_INT);
	return OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array));
}

static Datum
objects_of_text(TsmSegmentText *how, char *string)
{
	ArrayType  *array = DatumGetArrayTypeP(OidInputFunctionCall(F_ARRAY_IN, string, TEXTOID, -1));
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (i = 0; i < count; i++)
		elements[i] = nulls[i] ? (Datum) 0 :
			ObjectIdGetDatum(object_of_text(how, TextDatumGetCString(elements[i])));
	return PointerGetDatum(construct_md_array(elements, nulls, ARR_NDIM(array), ARR_DIMS(array),
											  ARR_LBOUND(array), how->element, sizeof(Oid), true,
											  TYPALIGN_INT));
}

/* ---- all values ---- */

void
tsm_segment_text_output(TsmSegmentText *how, Oid type)
{
	Oid			base = getBaseType(type);
	Oid			function;
	bool		varlena;

	how->objects = named_objects(base, &how->array);
	getTypeOutputInfo(OidIsValid(how->objects) ? how->objects : base, &function, &varlena);
	fmgr_info(function, &how->function);
}

void
tsm_segment_text_input(TsmSegmentText *how, Oid type)
{
	Oid			base = getBaseType(type);
	Oid			function;

	how->objects = named_objects(base, &how->array);
	how->element = how->array ? get_element_type(base) : InvalidOid;
	how->by_settings = tsm_segment_type_contains(base, is_read_by_settings, NULL);
	getTypeInputInfo(base, &function, &how->parameter);
	fmgr_info(function, &how->function);
}

char *
tsm_segment_write_text(TsmSegmentText *how, Datum value)
{
	if (!OidIsValid(how->objects))
		return OutputFunctionCall(&how->function, value);
	if (how->array)
		return text_of_objects(how, DatumGetArrayTypeP(value));
	return text_of_object(how, DatumGetObjectId(value));
}

Datum
tsm_segment_read_text(TsmSegmentText *how, char *string, int32 typmod)
{
	Datum		value;
	int			nest_level;

	if (OidIsValid(how->objects))
		return how->array ? objects_of_text(how, string) :
			ObjectIdGetDatum(object_of_text(how, string));
	if (!how->by_settings)
		return InputFunctionCall(&how->function, string, how->parameter, typmod);
	nest_level = tsm_segment_fix_settings();
	value = InputFunctionCall(&how->function, string, how->parameter, typmod);
	AtEOXact_GUC(true, nest_level);
	return value;
}
