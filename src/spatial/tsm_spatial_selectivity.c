/*-------------------------------------------------------------------------
 *
 * tsm_spatial_selectivity.c
 *	  How many rows an operator on stbox gives: it is tried on the sample that
 *	  ANALYZE keeps (tsm_spatial_typanalyze.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "nodes/pathnodes.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "tsm_spatial_int.h"

PG_FUNCTION_INFO_V1(tsm_stbox_sel);
PG_FUNCTION_INFO_V1(tsm_stbox_joinsel);

/* Without statistics: a window, and one side of an axis. */
#define DEFAULT_WINDOW_SEL	0.005
#define DEFAULT_SIDE_SEL	DEFAULT_INEQ_SEL

/* Boxes of each side that a join is tried on: 160,000 pairs, about a millisecond. */
#define JOIN_SAMPLE	400

/*
 * Left boxes of a semi- or anti-join, tried on all right ones that the sample
 * has beside them, up to 1600: the fewer it has, the more is guessed. That is
 * some milliseconds.
 */
#define MATCH_SAMPLE 400

/* Boxes that stand for a value which is not known yet. */
#define UNKNOWN_SAMPLE 64

/* One that was not found among n may still be there: it counts as half a hit. */
#define NO_HIT	0.5

/* Boxes of a column, copied from its statistics. */
typedef struct Sample
{
	TsmStBox   *boxes;
	int			count;			/* 0: no statistics */
	double		not_null;		/* part of the rows that are not NULL */
} Sample;

static double
default_selectivity(int op)
{
	switch (op)
	{
		case TSM_STBOX_OVERLAPS:
		case TSM_STBOX_CONTAINS:
		case TSM_STBOX_CONTAINED:
		case TSM_STBOX_ADJACENT:
			return DEFAULT_WINDOW_SEL;
		default:
			return DEFAULT_SIDE_SEL;
	}
}

/* The boolean operator on boxes behind an operator of the catalogue; 0 if it is none of ours. */
static int
operator_of(Oid operator)
{
	Oid			function = get_opcode(operator);
	FmgrInfo	info;

	if (!OidIsValid(function))
		return 0;
	fmgr_info(function, &info);
	return tsm_stbox_op_of_function(info.fn_addr);
}

/*
 * Fills the sample from the statistics of a variable, if there are any and for
 * who may read the column, as everywhere in the planner.
 */
static void
read_sample(Sample *sample, VariableStatData *variable, Oid operator)
{
	AttStatsSlot slot;
	int			i;

	if (!HeapTupleIsValid(variable->statsTuple) ||
		!statistic_proc_security_check(variable, get_opcode(operator)))
		return;
	sample->not_null = 1 - ((Form_pg_statistic) GETSTRUCT(variable->statsTuple))->stanullfrac;
	if (!get_attstatsslot(&slot, variable->statsTuple, TSM_STATISTIC_KIND_STBOX_SAMPLE,
						  InvalidOid, ATTSTATSSLOT_VALUES))
		return;
	sample->boxes = palloc(sizeof(TsmStBox) * slot.nvalues);
	sample->count = slot.nvalues;
	for (i = 0; i < slot.nvalues; i++)
		sample->boxes[i] = *DatumGetTsmStBox(slot.values[i]);
	free_attstatsslot(&slot);
}

/* The distance of expand(something, constant); negative for another expression. */
static double
distance_of_expand(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;
	FmgrInfo	info;
	Node	   *distance;

	if (node == NULL || !IsA(node, FuncExpr) || list_length(call->args) != 2)
		return -1;
	fmgr_info(call->funcid, &info);
	distance = (Node *) lsecond(call->args);
	if (info.fn_addr != tsm_stbox_expand_sql || !IsA(distance, Const) ||
		((Const *) distance)->constisnull)
		return -1;
	return DatumGetFloat8(((Const *) distance)->constvalue);
}

/*
 * The sample of a variable; that of a column within a distance, which is how
 * one joins what is near to each other, is that of the column, widened.
 */
static void
open_sample(Sample *sample, PlannerInfo *root, VariableStatData *variable, Oid operator)
{
	double		distance = distance_of_expand(variable->var);
	int			i;

	memset(sample, 0, sizeof(Sample));
	sample->not_null = 1;
	if (HeapTupleIsValid(variable->statsTuple) || !(distance >= 0) || isinf(distance))
		read_sample(sample, variable, operator);
	else
	{
		VariableStatData column;

		examine_variable(root, linitial(((FuncExpr *) variable->var)->args), 0, &column);
		read_sample(sample, &column, operator);
		ReleaseVariableStats(column);
		for (i = 0; i < sample->count; i++)
			tsm_stbox_expand(&sample->boxes[i], distance);
	}
}

static void
close_sample(Sample *sample)
{
	if (sample->boxes != NULL)
		pfree(sample->boxes);
}

/* The part of the sample for which "box op value" holds, or "value op box". */
static double
part_of_sample(const Sample *sample, int op, const TsmStBox *value, bool box_on_left)
{
	int			count = 0;
	int			i;

	for (i = 0; i < sample->count; i++)
	{
		const TsmStBox *box = &sample->boxes[i];

		count += box_on_left ? tsm_stbox_test(op, box, value) : tsm_stbox_test(op, value, box);
	}
	return Max(count, NO_HIT) / sample->count;
}

/* A value that is not known yet is likely to be like those of the column. */
static double
part_for_unknown(const Sample *sample, int op, bool box_on_left)
{
	int			count = Min(sample->count, UNKNOWN_SAMPLE);
	double		sum = 0;
	int			i;

	for (i = 0; i < count; i++)
		sum += part_of_sample(sample, op, &sample->boxes[i], box_on_left);
	return sum / count;
}

static double
restriction_selectivity(PlannerInfo *root, VariableStatData *variable, Oid operator, int op, Node *other,
						bool box_on_left)
{
	Sample		sample;
	double		selectivity;

	if (IsA(other, Const) && ((Const *) other)->constisnull)
		return 0;				/* the operators are strict */
	open_sample(&sample, root, variable, operator);
	if (sample.count == 0)
		selectivity = default_selectivity(op);
	else if (IsA(other, Const))
		selectivity = part_of_sample(&sample, op,
									 DatumGetTsmStBox(((Const *) other)->constvalue),
									 box_on_left);
	else
		selectivity = part_for_unknown(&sample, op, box_on_left);
	selectivity *= sample.not_null;
	close_sample(&sample);
	return selectivity;
}

Datum
tsm_stbox_sel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	Oid			operator = PG_GETARG_OID(1);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	int			relation = PG_GETARG_INT32(3);
	int			op = operator_of(operator);
	VariableStatData variable;
	Node	   *other;
	bool		box_on_left;
	double		selectivity;

	/* An operator that is not ours may have another type on one side. */
	if (op == 0 ||
		!get_restriction_variable(root, args, relation, &variable, &other, &box_on_left))
		PG_RETURN_FLOAT8(default_selectivity(op));
	selectivity = restriction_selectivity(root, &variable, operator, op, other, box_on_left);
	ReleaseVariableStats(variable);
	CLAMP_PROBABILITY(selectivity);
	PG_RETURN_FLOAT8(selectivity);
}

/* How a join is counted. */
typedef enum JoinCount
{
	ALL_PAIRS,					/* pairs that are hits, of all pairs */
	MATCHED,					/* left boxes with a hit, "left op right" */
	MATCHED_REVERSED			/* left boxes with a hit, "right op left" */
} JoinCount;

/* Of the last right boxes of their sample, those with a hit. */
static int
count_hits(const TsmStBox *box, const Sample *right, int right_count, int op, JoinCount kind)
{
	int			count = 0;
	int			j;

	for (j = right->count - right_count; j < right->count; j++)
	{
		const TsmStBox *other = &right->boxes[j];

		count += kind == MATCHED_REVERSED ? tsm_stbox_test(op, other, box) : tsm_stbox_test(op, box, other);
	}
	return count;
}

/*
 * The part of all pairs that are hits. The left boxes are taken from the front
 * of their sample and the right ones from the back: joined with itself, a
 * column does not meet itself more often than it should.
 */
static double
paired_part(const Sample *left, const Sample *right, int op)
{
	int			left_count = Min(left->count, JOIN_SAMPLE);
	int			right_count = Min(right->count, JOIN_SAMPLE);
	double		total = 0;
	int			i;

	for (i = 0; i < left_count; i++)
		total += count_hits(&left->boxes[i], right, right_count, op, ALL_PAIRS);
	return Max(total, NO_HIT) / right_count / left_count;
}

/*
 * How many of the boxes without a hit in a sample of the other side have one in
 * "times" as many rows more, told by how many had one hit and how many two
 * (Chao, Nonparametric estimation of the number of classes in a population,
 * Scandinavian Journal of Statistics 1984): hits that are rare but everywhere
 * come alone, and where many come in pairs the others lie far from all.
 */
static double
matched_unseen(int none, double once, int twice, double times)
{
	double		reachable = none;

	if (twice > 0)
		reachable = Min(reachable, once * once / (2 * twice));
	return reachable > 0 ? reachable * (1 - exp(-once / reachable * times)) : 0;
}

/*
 * The part of the left boxes that have a hit among right_rows rows, which are
 * what filters leave of the table_rows that the sample is from.
 */
static double
matched_part(const Sample *left, const Sample *right, int op, JoinCount kind,
			 double right_rows, double table_rows)
{
	int			left_count = Min(left->count, MATCH_SAMPLE);
	int			right_count = Max(Min(right->count, JOIN_SAMPLE), right->count - left_count);
	double		matched = 0;
	double		once = 0;
	int			none = 0;
	int			twice = 0;
	int			i;

	for (i = 0; i < left_count; i++)
	{
		int			count = count_hits(&left->boxes[i], right, right_count, op, kind);

		matched += 1 - pow(1 - (double) count / right_count, right_rows);
		none += count == 0;
		once += count == 1;
		twice += count == 2;
	}
	if (none == left_count)
		once = NO_HIT;
	if (table_rows > right_count)
		matched += matched_unseen(none, once, twice,
								  right_rows / right_count * (1 - right_count / table_rows));
	return Max(matched, NO_HIT / right_count) / left_count;
}

static double
join_selectivity(PlannerInfo *root, VariableStatData *left, VariableStatData *right, Oid operator, int op,
				 JoinCount kind)
{
	Sample		left_sample;
	Sample		right_sample;
	double		selectivity = default_selectivity(op);

	open_sample(&left_sample, root, left, operator);
	open_sample(&right_sample, root, right, operator);
	if (left_sample.count > 0 && right_sample.count > 0)
	{
		if (kind == ALL_PAIRS)
			selectivity = paired_part(&left_sample, &right_sample, op);
		else
			selectivity = matched_part(&left_sample, &right_sample, op, kind,
									   right->rel == NULL ? 1 : right->rel->rows * right_sample.not_null,
									   right->rel == NULL ? 1 : right->rel->tuples);
	}
	selectivity *= left_sample.not_null;
	if (kind == ALL_PAIRS)
		selectivity *= right_sample.not_null;
	close_sample(&left_sample);
	close_sample(&right_sample);
	return selectivity;
}

Datum
tsm_stbox_joinsel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	Oid			operator = PG_GETARG_OID(1);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	SpecialJoinInfo *join = (SpecialJoinInfo *) PG_GETARG_POINTER(4);
	int			op = operator_of(operator);
	VariableStatData left;
	VariableStatData right;
	bool		reversed;
	double		selectivity;

	if (op == 0)
		PG_RETURN_FLOAT8(default_selectivity(op));
	get_join_variables(root, args, join, &left, &right, &reversed);
	if (join->jointype != JOIN_SEMI && join->jointype != JOIN_ANTI)
		selectivity = join_selectivity(root, &left, &right, operator, op, ALL_PAIRS);
	else if (!reversed)
		selectivity = join_selectivity(root, &left, &right, operator, op, MATCHED);
	else
		selectivity = join_selectivity(root, &right, &left, operator, op, MATCHED_REVERSED);
	ReleaseVariableStats(left);
	ReleaseVariableStats(right);
	CLAMP_PROBABILITY(selectivity);
	PG_RETURN_FLOAT8(selectivity);
}
