/*-------------------------------------------------------------------------
 *
 * tsm_vector_int.h
 *	  Private to the room "vector": checks shared by its fmgr wrappers.
 *
 * The soft ones save the error in escontext and return false where the caller
 * asked for that, and raise it otherwise (always before PostgreSQL 16).
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_VECTOR_INT_H
#define TSM_VECTOR_INT_H

#include "tsm_vector.h"

/* 22000 below 1 dimension, 54000 above TSM_VECTOR_MAX_DIM. */
extern bool tsm_vector_check_dim(int64 dim, struct Node *escontext);

/* 22000 when dim is not what the type modifier asks for. */
extern bool tsm_vector_soft_check_typmod(int32 typmod, int dim, struct Node *escontext);

/* 22000 for NaN and for infinities: elements given by the user. */
extern bool tsm_vector_check_element(float4 element, struct Node *escontext);

/* ERROR 22003 when the result of a computation is not finite. */
extern void tsm_vector_check_result(const TsmVector *result);

#endif							/* TSM_VECTOR_INT_H */
