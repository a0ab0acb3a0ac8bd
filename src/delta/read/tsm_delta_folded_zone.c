/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_zone.c
 *	  Conditions of a scan on columns that have zones.
 *
 * A zone tells about values as they were stored and by the default operators
 * of their type: a column that has another type now is not looked for in the
 * zones of its old segments, nor is what another operator compares.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "access/stratnum.h"
#include "catalog/pg_proc.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "tsm_delta_folded.h"

/* With more elements of an array than this no segment is passed over: some value is in any. */
#define MAX_VALUES 100

struct TsmZoneTest
{
	AttrNumber	column;			/* of the history */
	int			strategy;
	bool		array;			/* equality with one of its elements */
	TsmSegmentZoneType *type;
	FmgrInfo	order;			/* of kind range: of the column's type and that of the values */
	bool		any;			/* the values let everything pass */
	int			nvalues;
	Datum	   *values;			/* passed by value; not set for filters */
	uint64	   *hashes;			/* of filters */
	TsmSegmentSchema *schema;	/* that place is for; NULL at first */
	int			place;			/* -1 for none */
};

TsmFoldedZone *
tsm_folded_find_zone(TsmFolded *folded, AttrNumber column)
{
	int			i;

	for (i = 0; i < folded->nzones; i++)
	{
		if (folded->zones[i].column == column)
			return &folded->zones[i];
	}
	return NULL;
}

bool
tsm_folded_hashes_alike(Oid type, Oid operator)
{
	Oid			family = lookup_type_cache(type, TYPECACHE_HASH_OPFAMILY)->hash_opf;
	int			strategy;
	Oid			left;
	Oid			right;

	if (!OidIsValid(family) || !op_in_opfamily(operator, family))
		return false;
	get_op_opfamily_properties(operator, family, false, &strategy, &left, &right);
	return left == right && strategy == HTEqualStrategyNumber;
}

/*
 * The function that orders values of a type as its default operators do beside the
 * right operands of an operator. Not one that depends on settings: between times with
 * and without time zone the order is not that of the stored values.
 */
static Oid
order_of_operator(Oid type, Oid operator)
{
	Oid			family = tsm_delta_btree_family(type);
	int			strategy;
	Oid			left;
	Oid			right;
	Oid			function;

	if (!OidIsValid(family) || !op_in_opfamily(operator, family))
		return InvalidOid;
	get_op_opfamily_properties(operator, family, false, &strategy, &left, &right);
	if (left != type || !get_typbyval(right))
		return InvalidOid;
	function = get_opfamily_proc(family, left, right, BTORDER_PROC);
	if (!OidIsValid(function) || func_volatile(function) != PROVOLATILE_IMMUTABLE)
		return InvalidOid;
	return function;
}

static Oid
type_of_zone(const TsmFolded *folded, const TsmFoldedZone *zone)
{
	return getBaseType(TupleDescAttr(folded->map->desc, zone->column - 1)->atttypid);
}

bool
tsm_folded_zone_serves(const TsmFolded *folded, const TsmFoldedZone *zone, Oid operator, int strategy)
{
	Oid			type = type_of_zone(folded, zone);

	if (zone->type.kind == TSM_ZONE_RANGE)
		return OidIsValid(order_of_operator(type, operator));
	return strategy == BTEqualStrategyNumber && tsm_folded_hashes_alike(type, operator);
}

TsmZoneTest *
tsm_zone_test_make(TsmFolded *folded, AttrNumber column, int strategy, Oid operator, bool array)
{
	TsmFoldedZone *zone = tsm_folded_find_zone(folded, column);
	TsmZoneTest *test;

	/* The options may have changed since the query was planned. */
	if (zone == NULL || !tsm_folded_zone_serves(folded, zone, operator, strategy))
		return NULL;
	test = palloc0(sizeof(TsmZoneTest));
	test->column = column;
	test->strategy = strategy;
	test->array = array;
	test->type = &zone->type;
	test->values = palloc(sizeof(Datum));
	test->hashes = palloc(sizeof(uint64));
	if (zone->type.kind == TSM_ZONE_RANGE)
		fmgr_info(order_of_operator(type_of_zone(folded, zone), operator), &test->order);
	return test;
}

/* Values are not null. Those of filters stay as hashes, the others are passed by value. */
static void
set_values(TsmZoneTest *test, const Datum *values, int count)
{
	int			i;

	test->nvalues = count;
	test->values = repalloc(test->values, (count + 1) * sizeof(Datum));
	test->hashes = repalloc(test->hashes, (count + 1) * sizeof(uint64));
	for (i = 0; i < count; i++)
	{
		if (test->type->kind == TSM_ZONE_FILTER)
			test->hashes[i] = tsm_segment_zone_hash(test->type, values[i]);
		else
			test->values[i] = values[i];
	}
}

bool
tsm_zone_test_set(TsmZoneTest *test, Datum value)
{
	ArrayType  *array;
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			elements;
	int			count = 0;
	int			i;

	if (!test->array)
	{
		set_values(test, &value, 1);
		return true;
	}
	array = DatumGetArrayTypeP(value);
	elements = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	test->any = elements > MAX_VALUES;
	if (test->any)
		return true;
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &values, &nulls, &elements);
	for (i = 0; i < elements; i++)
	{
		if (!nulls[i])
			values[count++] = values[i];
	}
	set_values(test, values, count);
	return count > 0;
}

/* Whether a range has something that compares so with a value. */
static bool
range_may_hold(TsmZoneTest *test, const TsmSegmentZone *zone, Datum value)
{
	bool		with_least = test->strategy <= BTEqualStrategyNumber;
	bool		with_greatest = test->strategy >= BTEqualStrategyNumber;
	int			equal = test->strategy != BTLessStrategyNumber && test->strategy != BTGreaterStrategyNumber;

	return (!with_least ||
			DatumGetInt32(FunctionCall2Coll(&test->order, InvalidOid, zone->least, value)) < equal) &&
		(!with_greatest ||
		 DatumGetInt32(FunctionCall2Coll(&test->order, InvalidOid, zone->greatest, value)) > -equal);
}

static void
find_place(TsmZoneTest *test, TsmSegmentSchema *schema)
{
	int			i;

	test->schema = schema;
	test->place = -1;
	for (i = 0; i < schema->codec.natts; i++)
	{
		if (schema->places[i].column == test->column && schema->places[i].cast == NULL)
			test->place = i;
	}
}

static bool
excludes(TsmZoneTest *test, const bytea *zones, TsmSegmentSchema *schema)
{
	TsmSegmentZone zone;
	int			i;

	if (schema != test->schema)
		find_place(test, schema);
	if (test->any || test->place < 0 || !tsm_segment_zone_find(zones, test->place, &zone))
		return false;
	/* Comparisons with null let nothing pass. */
	if (!zone.has_value)
		return true;
	if (zone.kind != test->type->kind)
		return false;
	for (i = 0; i < test->nvalues; i++)
	{
		if (zone.kind == TSM_ZONE_RANGE ? range_may_hold(test, &zone, test->values[i]) :
			tsm_segment_zone_may_hold(&zone, test->type, (Datum) 0, test->hashes[i]))
			return false;
	}
	return true;
}

bool
tsm_zone_tests_exclude(const List *tests, const bytea *zones, TsmSegmentSchema *schema)
{
	const ListCell *cell;

	foreach(cell, tests)
	{
		if (excludes(lfirst(cell), zones, schema))
			return true;
	}
	return false;
}
