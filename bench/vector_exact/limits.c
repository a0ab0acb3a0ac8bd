/*
 * limits.c
 *	  What memory and kernels allow, beside exact search in the server:
 *	  limits LIMIT_MB ROWS DIM ISA prints, tab-separated, in milliseconds
 *		read			ROWS x DIM floats at the streaming read bandwidth
 *		kernel cosine, kernel l2	one pass of a kernel over ROWS x DIM floats
 *
 * The bandwidth is taken over LIMIT_MB, more than a cache holds. Memory is in
 * pages of the base size, as shared buffers are without huge_pages.
 */
#include "../../src/vector/tsm_vector_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static volatile double sink;

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static float *
allocate(size_t count)
{
	size_t		size = count * sizeof(float);
	float	   *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++)
		memory[i] = (float) (i % 1013) / 1013;
	return memory;
}

/* Integer sums of whole cache lines: nothing but reading. */
static double
read_once(const float *memory, size_t count)
{
	const uint64_t *words = (const uint64_t *) memory;
	uint64_t	sums[8] = {0};
	double		start = now_ms();

	for (size_t i = 0; i + 8 <= count / 2; i += 8)
	{
		for (int lane = 0; lane < 8; lane++)
			sums[lane] += words[i + lane];
	}
	for (int lane = 0; lane < 8; lane++)
		sink = sink + (double) sums[lane];
	return now_ms() - start;
}

static const TsmVectorKernels *
kernels_of(const char *isa)
{
#if defined(__x86_64__)
	if (strcmp(isa, "avx512") == 0)
		return &tsm_vector_kernels_avx512;
	if (strcmp(isa, "avx2") == 0)
		return &tsm_vector_kernels_avx2;
#elif defined(__aarch64__)
	if (strcmp(isa, "neon") == 0)
		return &tsm_vector_kernels_neon;
#endif
	return &tsm_vector_kernels_scalar;
}

static double
kernel_once(const TsmVectorKernels *kernels, int l2, const float *memory, int rows, int dim, const float *query)
{
	double		start = now_ms();
	double		sum = 0;

	for (int row = 0; row < rows; row++)
	{
		const float *vector = memory + (size_t) row * dim;

		sum += l2 ? kernels->l2_squared(dim, vector, query) : kernels->cosine(dim, vector, query).product;
	}
	sink = sink + sum;
	return now_ms() - start;
}

int
main(int argc, char **argv)
{
	const TsmVectorKernels *kernels;
	size_t		limit;
	int			rows;
	int			dim;
	float	   *stream;
	float	   *query;
	double		milliseconds;

	if (argc != 5)
		return 2;
	limit = (size_t) atoi(argv[1]) * 1000000 / sizeof(float);
	rows = atoi(argv[2]);
	dim = atoi(argv[3]);
	kernels = kernels_of(argv[4]);

	stream = allocate(limit);
	milliseconds = read_once(stream, limit);
	printf("read\t%.4f\n", milliseconds * rows * dim / limit);

	/* The same rows are read once before, as the server's are cached. */
	query = allocate(dim);
	munmap(stream, limit * sizeof(float));
	stream = allocate((size_t) rows * dim);
	printf("kernel cosine\t%.4f\n", kernel_once(kernels, 0, stream, rows, dim, query));
	printf("kernel l2\t%.4f\n", kernel_once(kernels, 1, stream, rows, dim, query));
	return 0;
}
