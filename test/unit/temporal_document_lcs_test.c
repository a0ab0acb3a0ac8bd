/*
 * temporal_document_lcs_test.c
 *	  The difference of two sequences: what is left is common, and the longest
 *	  of all where no limit is met; with a limit the time is bounded.
 *
 * links: src/temporal/document/tsm_temporal_document_lcs.c
 */
#include "../../src/temporal/document/tsm_temporal_document_lcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	tests = 0;
static int	failures = 0;
static long turns;

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static void
count_turn(void)
{
	turns++;
}

/* Compare, with room to the byte; the length of what is left, or -1 when it is not common. */
static int
common(const uint32_t *a, int na, const uint32_t *b, int nb, int limit)
{
	TsmLcs		lcs = {.a = a, .b = b, .na = na, .nb = nb, .limit = limit, .breathe = count_turn};
	int			length = 0;
	int			i;
	int			j = 0;

	lcs.deleted = calloc(na + 1, sizeof(bool));
	lcs.inserted = calloc(nb + 1, sizeof(bool));
	lcs.work = malloc(sizeof(int) * 2 * tsm_lcs_work(na, nb));
	tsm_lcs_compare(&lcs);
	for (i = 0; i < na && length >= 0; i++)
	{
		if (lcs.deleted[i])
			continue;
		while (j < nb && lcs.inserted[j])
			j++;
		if (j == nb || a[i] != b[j++])
			length = -2;
		length++;
	}
	while (j < nb && lcs.inserted[j])
		j++;
	if (j < nb)
		length = -1;
	free(lcs.deleted);
	free(lcs.inserted);
	free(lcs.work);
	return length;
}

/* The length of the longest common subsequence, by the table of all prefixes. */
static int
longest(const uint32_t *a, int na, const uint32_t *b, int nb)
{
	int			table[65][65];
	int			i;
	int			j;

	for (i = 0; i <= na; i++)
	{
		for (j = 0; j <= nb; j++)
		{
			if (i == 0 || j == 0)
				table[i][j] = 0;
			else if (a[i - 1] == b[j - 1])
				table[i][j] = table[i - 1][j - 1] + 1;
			else
				table[i][j] = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
		}
	}
	return table[na][nb];
}

static void
test_random(void)
{
	uint32_t	a[64];
	uint32_t	b[64];
	int			wrong = 0;
	int			not_longest = 0;
	int			not_common = 0;
	int			round;

	srand(1);
	for (round = 0; round < 100000; round++)
	{
		int			na = rand() % 65;
		int			nb = rand() % 65;
		int			values = 1 + rand() % 12;
		int			i;
		int			length;

		for (i = 0; i < na; i++)
			a[i] = rand() % values;
		for (i = 0; i < nb; i++)
			b[i] = i < na && rand() % 4 > 0 ? a[i] : (uint32_t) (rand() % values);
		length = common(a, na, b, nb, 1000);
		wrong += length < 0;
		not_longest += length != longest(a, na, b, nb);
		not_common += common(a, na, b, nb, 1 + rand() % 3) < 0;
	}
	ok(wrong == 0, "what is left is common");
	ok(not_longest == 0, "and the longest");
	ok(not_common == 0, "with a limit it is common too");
}

static void
test_edges(void)
{
	uint32_t	a[4] = {1, 2, 3, 4};
	uint32_t	b[4] = {5, 6, 7, 8};

	ok(common(a, 0, b, 0, 1) == 0, "nothing and nothing");
	ok(common(a, 4, b, 0, 1) == 0, "something and nothing");
	ok(common(a, 0, b, 4, 1) == 0, "nothing and something");
	ok(common(a, 4, a, 4, 1) == 4, "the same");
	ok(common(a, 4, b, 4, 1) == 0, "all different, limit 1");
	ok(common(a, 4, a + 1, 3, 1) == 3, "one less in front");
	ok(common(a, 3, a, 4, 1) == 3, "one more at the end");
}

/* Long and unlike: a limit bounds the turns. */
static void
test_bound(void)
{
	int			n = 200000;
	uint32_t   *a = malloc(sizeof(uint32_t) * n);
	uint32_t   *b = malloc(sizeof(uint32_t) * n);
	int			i;

	for (i = 0; i < n; i++)
	{
		a[i] = rand() % 1000;
		b[i] = rand() % 1000;
	}
	turns = 0;
	ok(common(a, n, b, n, 64) > 0, "400,000 numbers that have little in common");
	ok(turns < 4L * n, "take turns in proportion to their number");
	free(a);
	free(b);
}

int
main(void)
{
	test_edges();
	test_random();
	test_bound();
	printf("1..%d\n", tests);
	return failures != 0;
}
