/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_lcs.c
 *	  The difference of two sequences in linear space.
 *
 * Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * Algorithmica 1 (1986), section 4b: the middle of a shortest way from the
 * upper left to the lower right corner of the edit graph is found by a search
 * from both ends, then both halves are compared in the same way. A way goes
 * right where an element of a is left out, down where one of b is put in, and
 * along a diagonal k = x - y where they are equal.
 *
 * Deviation: the search for a middle ends after a limited number of turns.
 * The farthest point that one of the ends has reached is taken then, so that
 * the result may be longer than needed, but never wrong. The smaller half is
 * dealt with by recursion, the larger in a loop: its depth is a logarithm.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_temporal_document_lcs.h"

#include <limits.h>
#include <stddef.h>

/* A part of the edit graph. */
typedef struct Box
{
	int			left;
	int			right;
	int			top;
	int			bottom;
} Box;

/* One direction of a search: how far it is on each diagonal between the bounds. */
typedef struct Front
{
	int		   *x;				/* by diagonal; valid from -(nb + 1) to na + 1 */
	int			low;
	int			high;
} Front;

typedef struct Point
{
	int			x;
	int			y;
} Point;

/* No way in the box leads there; far from overflow. */
#define UNREACHED_FORWARD	(INT_MIN / 4)
#define UNREACHED_BACKWARD	(INT_MAX / 4)

/* Widen by a diagonal on either side, or narrow where the box ends: a search comes to every other diagonal a turn. */
static void
widen(Front *front, const Box *box, int unreached)
{
	if (front->low > box->left - box->bottom)
		front->x[--front->low - 1] = unreached;
	else
		front->low++;
	if (front->high < box->right - box->top)
		front->x[++front->high + 1] = unreached;
	else
		front->high--;
}

/* One more step right or down on each diagonal, within the box, then along it. True where it meets the other front. */
static bool
advance_forward(const TsmLcs *lcs, const Box *box, Front *front, const Front *other, bool meets,
				Point *met)
{
	int			k;

	widen(front, box, UNREACHED_FORWARD);
	for (k = front->high; k >= front->low; k -= 2)
	{
		int			x = front->x[k - 1] < box->right ? front->x[k - 1] + 1 : UNREACHED_FORWARD;

		if (front->x[k + 1] > x && front->x[k + 1] - k <= box->bottom)
			x = front->x[k + 1];
		while (x >= box->left && x < box->right && x - k < box->bottom && lcs->a[x] == lcs->b[x - k])
			x++;
		front->x[k] = x;
		if (meets && k >= other->low && k <= other->high && other->x[k] <= x)
		{
			met->x = x;
			met->y = x - k;
			return true;
		}
	}
	return false;
}

static bool
advance_backward(const TsmLcs *lcs, const Box *box, Front *front, const Front *other, bool meets,
				 Point *met)
{
	int			k;

	widen(front, box, UNREACHED_BACKWARD);
	for (k = front->high; k >= front->low; k -= 2)
	{
		int			x = front->x[k + 1] > box->left ? front->x[k + 1] - 1 : UNREACHED_BACKWARD;

		if (front->x[k - 1] < x && front->x[k - 1] - k >= box->top)
			x = front->x[k - 1];
		while (x <= box->right && x > box->left && x - k > box->top && lcs->a[x - 1] == lcs->b[x - k - 1])
			x--;
		front->x[k] = x;
		if (meets && k >= other->low && k <= other->high && x <= other->x[k])
		{
			met->x = x;
			met->y = x - k;
			return true;
		}
	}
	return false;
}

/* The point that has come farthest of all. */
static Point
farthest(const Box *box, const Front *forward, const Front *backward)
{
	Point		best = {box->left, box->top};
	int			gain = 0;
	int			k;

	for (k = forward->high; k >= forward->low; k -= 2)
	{
		int			x = forward->x[k];

		if (x - box->left + (x - k) - box->top > gain)
		{
			gain = x - box->left + (x - k) - box->top;
			best = (Point) {x, x - k};
		}
	}
	for (k = backward->high; k >= backward->low; k -= 2)
	{
		int			x = backward->x[k];

		if (box->right - x + box->bottom - (x - k) > gain)
		{
			gain = box->right - x + box->bottom - (x - k);
			best = (Point) {x, x - k};
		}
	}
	return best;
}

/* Where to divide a box of which neither first nor last elements are equal. */
static Point
find_split(const TsmLcs *lcs, const Box *box)
{
	int			start = box->left - box->top;
	int			end = box->right - box->bottom;
	bool		odd = ((start - end) & 1) != 0;
	Front		forward = {lcs->work + lcs->nb + 1, start, start};
	Front		backward = {lcs->work + tsm_lcs_work(lcs->na, lcs->nb) + lcs->nb + 1, end, end};
	Point		met;
	int			turn;

	forward.x[start] = box->left;
	backward.x[end] = box->right;
	for (turn = 0; turn < lcs->limit; turn++)
	{
		if (lcs->breathe != NULL)
			lcs->breathe();
		if (advance_forward(lcs, box, &forward, &backward, odd, &met) ||
			advance_backward(lcs, box, &backward, &forward, !odd, &met))
			return met;
	}
	return farthest(box, &forward, &backward);
}

static void
mark(bool *marks, int from, int to)
{
	while (from < to)
		marks[from++] = true;
}

static void
compare(const TsmLcs *lcs, Box box)
{
	for (;;)
	{
		Point		split;
		Box			first;
		Box			second;

		while (box.left < box.right && box.top < box.bottom && lcs->a[box.left] == lcs->b[box.top])
			box.left++, box.top++;
		while (box.left < box.right && box.top < box.bottom &&
			   lcs->a[box.right - 1] == lcs->b[box.bottom - 1])
			box.right--, box.bottom--;
		if (box.left < box.right && box.top < box.bottom)
		{
			split = find_split(lcs, &box);
			if ((split.x > box.left || split.y > box.top) &&
				(split.x < box.right || split.y < box.bottom))
			{
				first = (Box) {box.left, split.x, box.top, split.y};
				second = (Box) {split.x, box.right, split.y, box.bottom};
				if (split.x - box.left + split.y - box.top <
					box.right - split.x + box.bottom - split.y)
				{
					compare(lcs, first);
					box = second;
				}
				else
				{
					compare(lcs, second);
					box = first;
				}
				continue;
			}
		}
		mark(lcs->deleted, box.left, box.right);
		mark(lcs->inserted, box.top, box.bottom);
		return;
	}
}

void
tsm_lcs_compare(TsmLcs *lcs)
{
	compare(lcs, (Box) {0, lcs->na, 0, lcs->nb});
}
