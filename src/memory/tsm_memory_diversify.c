/*-------------------------------------------------------------------------
 *
 * tsm_memory_diversify.c
 *	  Maximal marginal relevance; see tsm_diversify in tsm_memory_int.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "tsm_memory_int.h"
#include "tsm_vector.h"

/* Cosine of the angle of two vectors; 0 for none and for a zero vector. */
static double
similarity(const float *a, const float *b, int dimensions)
{
	double		distance;

	if (a == NULL || b == NULL)
		return 0;
	distance = tsm_vector_cosine(dimensions, a, b);
	return isnan(distance) ? 0 : 1 - distance;
}

void
tsm_diversify(int candidates, const double *scores, const float *const *vectors, int dimensions,
			  double diversity, int wanted, int *order)
{
	double	   *closest = palloc(sizeof(double) * Max(candidates, 1));
	bool	   *chosen = palloc0(sizeof(bool) * Max(candidates, 1));
	double		best_score = 0;
	int			place;
	int			i;

	for (i = 0; i < candidates; i++)
	{
		best_score = Max(best_score, scores[i]);
		closest[i] = -1;		/* the least a cosine can be */
	}
	for (place = 0; place < wanted; place++)
	{
		int			best = -1;
		double		best_value = 0;

		CHECK_FOR_INTERRUPTS();
		for (i = 0; i < candidates; i++)
		{
			double		value;

			if (chosen[i])
				continue;
			value = best_score > 0 ? (1 - diversity) * scores[i] / best_score : 0;
			if (place > 0)
				value -= diversity * closest[i];
			if (best < 0 || value > best_value)
			{
				best = i;
				best_value = value;
			}
		}
		order[place] = best;
		chosen[best] = true;
		for (i = 0; i < candidates; i++)
		{
			if (!chosen[i])
				closest[i] = Max(closest[i], similarity(vectors[i], vectors[best], dimensions));
		}
	}
	pfree(closest);
	pfree(chosen);
}
