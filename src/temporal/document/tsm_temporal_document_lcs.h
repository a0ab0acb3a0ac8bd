/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_lcs.h
 *	  Kernel: the difference of two sequences of numbers. Knows no server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_DOCUMENT_LCS_H
#define TSM_TEMPORAL_DOCUMENT_LCS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TsmLcs
{
	const uint32_t *a;			/* na numbers */
	const uint32_t *b;			/* nb numbers */
	int			na;
	int			nb;
	bool	   *deleted;		/* na, all false before; true: not in b */
	bool	   *inserted;		/* nb, likewise */
	int		   *work;			/* room for 2 * tsm_lcs_work(na, nb) */
	int			limit;			/* turns of the search of one split; at least 1 */
	void		(*breathe) (void);	/* called in each turn; may be NULL, may not return */
} TsmLcs;

/* Numbers of room for one direction; na + nb is below 2^28. */
#define tsm_lcs_work(na, nb) ((na) + (nb) + 3)

/*
 * Mark what is not common. What is left is the longest common subsequence
 * where no search comes to its limit, else a common subsequence. Takes time in
 * proportion to (na + nb) * limit at most.
 */
extern void tsm_lcs_compare(TsmLcs *lcs);

#endif							/* TSM_TEMPORAL_DOCUMENT_LCS_H */
