/*
 * vector_kernels_test.c
 *	  Every kernel this processor runs against float64: within the stated
 *	  tolerance, at every length, no byte read past the end; bits exactly.
 *
 * links: src/vector/tsm_vector_scalar.c src/vector/tsm_vector_avx2.c src/vector/tsm_vector_avx512.c
 * links: src/vector/tsm_vector_neon.c src/vector/tsm_vector_distance.c
 */
#include "../../src/vector/tsm_vector_distance.h"
#include "../../src/vector/tsm_vector_kernels.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_DIM 16000

static int	tests = 0;
static int	failures = 0;
static uint32_t seed = 1;

static void
ok(bool good, const char *isa, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s: %s\n", good ? "" : "not ", tests, isa, name);
}

/* The same numbers at each run: from 0 to 1. */
static double
next_number(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) / 16777216.0;
}

/* A buffer that ends where the next page must not be touched. */
typedef struct Guarded
{
	uint8_t    *end;
} Guarded;

static Guarded
guarded_buffer(size_t size)
{
	size_t		page = (size_t) sysconf(_SC_PAGESIZE);
	size_t		length = (size + page - 1) / page * page;
	uint8_t    *start = mmap(NULL, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Guarded		buffer = {start + length};

	if (start == MAP_FAILED || mprotect(buffer.end, page, PROT_NONE) != 0)
	{
		puts("Bail out! no memory");
		_exit(1);
	}
	return buffer;
}

/* The exact sums of one pair, and the sums of their terms' absolute values. */
typedef struct Exact
{
	double		l2_squared;
	double		product;
	double		product_terms;
	double		a_squared;
	double		b_squared;
	double		l1;
} Exact;

static Exact
exact_sums(int dim, const float *a, const float *b)
{
	Exact		exact = {0};

	for (int i = 0; i < dim; i++)
	{
		double		x = a[i];
		double		y = b[i];

		exact.l2_squared += (x - y) * (x - y);
		exact.product += x * y;
		exact.product_terms += fabs(x * y);
		exact.a_squared += x * x;
		exact.b_squared += y * y;
		exact.l1 += fabs(x - y);
	}
	return exact;
}

static bool
within(double result, double exact, double terms, int dim)
{
	return fabs(result - exact) <= (dim / TSM_VECTOR_LANES + 16) * ldexp(terms, -24);
}

/* Whether the kernels keep the tolerance on a pair of one length. */
static bool
floats_agree(const TsmVectorKernels *kernels, int dim, const float *a, const float *b)
{
	Exact		exact = exact_sums(dim, a, b);
	TsmVectorCosineSums sums = kernels->cosine(dim, a, b);

	return within(kernels->l2_squared(dim, a, b), exact.l2_squared, exact.l2_squared, dim) &&
		within(kernels->inner_product(dim, a, b), exact.product, exact.product_terms, dim) &&
		within(kernels->l1(dim, a, b), exact.l1, exact.l1, dim) &&
		within(sums.product, exact.product, exact.product_terms, dim) &&
		within(sums.a_squared, exact.a_squared, exact.a_squared, dim) &&
		within(sums.b_squared, exact.b_squared, exact.b_squared, dim);
}

static void
test_floats(const char *isa, const TsmVectorKernels *kernels, Guarded a_buffer, Guarded b_buffer)
{
	static const int long_dims[] = {255, 256, 257, 383, 384, 767, 768, 1000, 1536, 4095, 15999, MAX_DIM};
	bool		short_good = true;
	bool		long_good = true;
	bool		spread_good = true;

	for (int trial = 0; trial < 2; trial++)
	{
		bool	   *good = trial == 0 ? &short_good : &spread_good;

		for (int dim = 0; dim <= 200; dim++)
		{
			float	   *a = (float *) a_buffer.end - dim;
			float	   *b = (float *) b_buffer.end - dim;

			for (int i = 0; i < dim; i++)
			{
				double		scale = trial == 0 ? 1 : pow(10, 12 * next_number() - 6);

				a[i] = (float) (scale * (2 * next_number() - 1));
				b[i] = (float) (scale * (2 * next_number() - 1));
			}
			*good = *good && floats_agree(kernels, dim, a, b);
		}
	}
	for (size_t d = 0; d < sizeof(long_dims) / sizeof(long_dims[0]); d++)
	{
		float	   *a = (float *) a_buffer.end - long_dims[d];
		float	   *b = (float *) b_buffer.end - long_dims[d];

		/* All positive: the sums grow, as rounding errors do. */
		for (int i = 0; i < long_dims[d]; i++)
		{
			a[i] = (float) next_number();
			b[i] = (float) (100 * next_number());
		}
		long_good = long_good && floats_agree(kernels, long_dims[d], a, b);
	}
	ok(short_good, isa, "float sums of 0 to 200 elements");
	ok(spread_good, isa, "float sums of numbers twelve magnitudes apart");
	ok(long_good, isa, "float sums of up to 16000 elements");
}

static void
test_bits(const char *isa, const TsmVectorKernels *kernels, Guarded a_buffer, Guarded b_buffer)
{
	bool		good = true;

	for (size_t bytes = 0; bytes <= 2000; bytes += bytes < 300 ? 1 : 17)
	{
		uint8_t    *a = a_buffer.end - bytes;
		uint8_t    *b = b_buffer.end - bytes;
		uint64_t	differing = 0;
		TsmVectorBitCounts counts = {0, 0};
		TsmVectorBitCounts result;

		for (size_t i = 0; i < bytes; i++)
		{
			a[i] = (uint8_t) (256 * next_number());
			b[i] = (uint8_t) (256 * next_number());
			for (int bit = 0; bit < 8; bit++)
			{
				differing += (a[i] ^ b[i]) >> bit & 1;
				counts.both += (a[i] & b[i]) >> bit & 1;
				counts.either += (a[i] | b[i]) >> bit & 1;
			}
		}
		result = kernels->jaccard(bytes, a, b);
		good = good && kernels->hamming(bytes, a, b) == differing &&
			result.both == counts.both && result.either == counts.either;
	}
	ok(good, isa, "bit counts of 0 to 2000 bytes");
}

/* Relative error of a distance between vectors of any magnitude. */
static bool
close_to(double result, double exact)
{
	return fabs(result - exact) <= 1e-5 * fabs(exact);
}

/* The distances, with sums that float32 cannot hold. */
static void
test_range(const char *isa, Guarded a_buffer, Guarded b_buffer)
{
	static const double scales[] = {FLT_MAX / 2, 1e30, 1e19, 1e10, 1, 1e-10, 1e-15, 1e-19, 1e-23, 1e-30, FLT_MIN, 1e-40, 1e-44};
	float	   *a = (float *) a_buffer.end - 40;
	float	   *b = (float *) b_buffer.end - 40;
	bool		good = true;
	bool		cosine_good = true;

	for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++)
	{
		for (int dim = 1; dim <= 40; dim += 13)
		{
			Exact		exact;

			for (int i = 0; i < dim; i++)
			{
				a[i] = (float) (scales[s] * (1 + next_number()));
				b[i] = (float) (scales[s] * next_number() / 2);
			}
			exact = exact_sums(dim, a, b);
			good = good && close_to(tsm_vector_l2_squared(dim, a, b), exact.l2_squared) &&
				close_to(tsm_vector_l2(dim, a, b), sqrt(exact.l2_squared)) &&
				close_to(tsm_vector_product(dim, a, b), exact.product) &&
				close_to(tsm_vector_l1(dim, a, b), exact.l1) &&
				close_to(tsm_vector_norm(dim, a), sqrt(exact.a_squared));
			if (exact.b_squared > 0)
				cosine_good = cosine_good &&
					fabs(tsm_vector_cosine(dim, a, b) - (1 - exact.product / sqrt(exact.a_squared * exact.b_squared))) < 1e-5;
			cosine_good = cosine_good && tsm_vector_cosine(dim, a, a) == 0 && tsm_vector_l2(dim, a, a) == 0;
		}
	}
	ok(good, isa, "distances from the largest float to the smallest");
	ok(cosine_good, isa, "cosines from the largest float to the smallest");

	memset(b, 0, 40 * sizeof(float));
	ok(isnan(tsm_vector_cosine(40, a, b)) && isnan(tsm_vector_cosine(40, b, b)), isa, "the cosine of a zero vector is NaN");

	/* Sums of both signs beyond the range: float32 gives infinity - infinity. */
	for (int i = 0; i < 40; i++)
	{
		a[i] = FLT_MAX;
		b[i] = i % 2 == 0 ? FLT_MAX : -FLT_MAX;
	}
	ok(tsm_vector_product(40, a, b) == 0, isa, "infinities that cancel do not");
	ok(tsm_vector_cosine(40, a, b) == 1, isa, "nor in a cosine");
	for (int i = 0; i < 40; i++)
		b[i] = -a[i];
	ok(tsm_vector_cosine(40, a, b) == 2, isa, "opposite vectors are at 2");
}

static void
test_isa(const char *isa, const TsmVectorKernels *kernels)
{
	Guarded		a_buffer = guarded_buffer(MAX_DIM * sizeof(float));
	Guarded		b_buffer = guarded_buffer(MAX_DIM * sizeof(float));

	test_floats(isa, kernels, a_buffer, b_buffer);
	test_bits(isa, kernels, a_buffer, b_buffer);
	tsm_vector_kernels = kernels;
	test_range(isa, a_buffer, b_buffer);
}

int
main(void)
{
	test_isa("scalar", &tsm_vector_kernels_scalar);
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt"))
		test_isa("avx2", &tsm_vector_kernels_avx2);
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq"))
		test_isa("avx512", &tsm_vector_kernels_avx512);
#elif defined(__aarch64__)
	test_isa("neon", &tsm_vector_kernels_neon);
#endif
	printf("1..%d\n", tests);
	return failures != 0;
}
