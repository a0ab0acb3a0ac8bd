/*
 * measure.c
 *	  The block codec beside full copies of rows and rows compressed one by one.
 *
 *	measure documents|narrow			generated rows
 *	measure NAME bytes,int4,...			rows from COPY (FORMAT binary) on standard input
 *
 * Storage is that of pages: a plain version takes its values, their headers and 86
 * bytes of tuple, key, period and index entry; a block 107 bytes of tuple, zone
 * columns and index entry, and the end of its page that the next one does not fit.
 */
#include "rows.h"

#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __x86_64__
#include <nmmintrin.h>
#endif

#define ROUNDS			5
#define LOOKUPS			20000
#define PLAIN_OVERHEAD	86
#define PAGE			8160
#define BLOCK_OVERHEAD	76		/* in the page */
#define BLOCK_INDEX		31
#define BLOCK_LIMIT		8080

typedef struct Folded
{
	uint8_t    *data;
	size_t		size;
	int			first;			/* row */
	int			count;
} Folded;

static RowSet set;
static Folded *folded;
static int	nfolded;
static int	too_big;			/* rows left out */
static double row_bytes;
static double decoded_bytes;	/* guards what is measured from being left out */

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;
	uint64_t	word,
				sum = ~crc;

	for (; length >= 8; length -= 8, byte += 8)
	{
		memcpy(&word, byte, 8);
		sum = _mm_crc32_u64(sum, word);
	}
	for (; length > 0; length--)
		sum = _mm_crc32_u8((uint32_t) sum, *byte++);
	return ~(uint32_t) sum;
}
#else
#include "../../test/unit/crc32c.h"
#endif

/* Of this process alone, since a machine may have other things to do. */
static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static uint32_t
dice(uint32_t n)
{
	static uint64_t state = 99;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (state >> 33) % n;
}

static double
median(double *values)
{
	int			i,
				j;

	for (i = 1; i < ROUNDS; i++)
	{
		for (j = i; j > 0 && values[j - 1] > values[j]; j--)
		{
			double		swap = values[j];

			values[j] = values[j - 1];
			values[j - 1] = swap;
		}
	}
	return values[ROUNDS / 2];
}

/* ---- peers: rows as they are, and each compressed ---- */

static size_t
row_image(const TsmCodecValue *values, uint8_t *image)
{
	size_t		length = 0;
	int			a;

	for (a = 0; a < set.schema.natts; a++)
	{
		size_t		size = set.attributes[a].kind == TSM_CODEC_BYTES ? values[a].length : set.attributes[a].length;

		if (values[a].null)
			continue;
		if (image != NULL)
			memcpy(image + length, set.attributes[a].kind == TSM_CODEC_BYTES ? (const void *) values[a].as.bytes : &values[a].as.word, size);
		length += size;
		/* The header of a value. */
		if (image == NULL && set.attributes[a].kind == TSM_CODEC_BYTES)
			length += size < 127 ? 1 : 4;
	}
	return length;
}

typedef struct Packed
{
	char	   *data;
	int			size;
	int			raw;
} Packed;

static Packed *packed;
static double packed_bytes;

static double
pack_rows(void)
{
	static uint8_t image[TSM_CODEC_MAX_RAW];
	static char out[LZ4_COMPRESSBOUND(TSM_CODEC_MAX_RAW)];
	double		begin = now(),
				spent;
	int			i;

	packed_bytes = 0;
	for (i = 0; i < set.count; i++)
	{
		int			raw = (int) row_image(set.rows[i].values, image);
		int			size = LZ4_compress_default((char *) image, out, raw, sizeof(out));

		if (packed[i].data == NULL)
		{
			packed[i].data = malloc((size_t) size + 1);
			memcpy(packed[i].data, out, (size_t) size);
			packed[i].size = size;
			packed[i].raw = raw;
		}
		packed_bytes += size < raw ? size + 8 : raw;
	}
	spent = now() - begin;
	return spent;
}

static double
unpack_rows(int lookups)
{
	static char out[TSM_CODEC_MAX_RAW];
	double		begin = now();
	int			i;

	for (i = 0; i < (lookups > 0 ? lookups : set.count); i++)
	{
		const Packed *row = &packed[lookups > 0 ? (int) dice((uint32_t) set.count) : i];

		decoded_bytes += LZ4_decompress_safe(row->data, out, row->size, sizeof(out));
	}
	return now() - begin;
}

/* ---- blocks ---- */

static void
must(bool good, const TsmCodecFault *fault)
{
	if (!good)
	{
		fprintf(stderr, "%s at %zu\n", fault->what, fault->position);
		exit(1);
	}
}

/* A row that needs more than a page gets a block of its own size, with the rows that share its frame. */
static double
fold(TsmCodecOptions *options)
{
	static uint8_t block[TSM_CODEC_MAX_BLOCK];
	TsmCodecFault fault;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	double		begin = now(),
				spent = 0;
	int			done = 0;

	while (nfolded > 0)
		free(folded[--nfolded].data);
	encoder = tsm_codec_encoder_init(encoder, &set.schema, options, crc32c, &fault);
	while (done < set.count)
	{
		int			left = set.count - done;
		size_t		size;
		int			used;
		bool		good = tsm_codec_encode(encoder, set.rows + done, left, block, &size, &used, &fault);

		if (!good && fault.code == TSM_CODEC_NO_ROOM)
		{
			options->block_size = fault.position;
			good = tsm_codec_encode(encoder, set.rows + done, left < options->frame_rows ? left : options->frame_rows,
									block, &size, &used, &fault);
			options->block_size = BLOCK_LIMIT;
		}
		must(good, &fault);
		spent += now() - begin;
		folded[nfolded] = (Folded) {malloc(size), size, done, used};
		memcpy(folded[nfolded++].data, block, size);
		done += used;
		begin = now();
	}
	free(encoder);
	return spent;
}

/* Bytes of pages and index entries; a block longer than a page lies apart. */
static double
pages_of_blocks(void)
{
	double		bytes = 0,
				left = 0;
	int			i;

	for (i = 0; i < nfolded; i++)
	{
		double		size = (double) ((folded[i].size + BLOCK_OVERHEAD + 7) & ~(size_t) 7);

		bytes += BLOCK_INDEX;
		if (size > PAGE)
		{
			bytes += size * 1.035;
			continue;
		}
		if (size > left)
		{
			bytes += 8192;
			left = PAGE;
		}
		left -= size;
	}
	return bytes;
}

static TsmCodecReader *reader;
static uint8_t buffer[TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW];
static TsmCodecValue values[TSM_CODEC_MAX_ATTRIBUTES];

static double
unfold(void)
{
	TsmCodecFault fault;
	double		begin = now();
	int			i,
				row;

	for (i = 0; i < nfolded; i++)
	{
		TsmCodecBlock block;
		TsmCodecFrame frame;
		bool		more;

		must(tsm_codec_open(&block, folded[i].data, folded[i].size, crc32c, &fault), &fault);
		must(tsm_codec_expand_base(&block, buffer, &fault), &fault);
		for (more = tsm_codec_first_frame(&block, &frame); more; more = tsm_codec_next_frame(&block, &frame))
		{
			const uint8_t *raw = tsm_codec_expand_frame(&block, &frame, buffer, &fault);

			must(raw && tsm_codec_reader_open(reader, &block, &frame, raw, &fault), &fault);
			for (row = 0; row < frame.rows; row++)
			{
				must(tsm_codec_read_row(reader, row, values, &fault), &fault);
				decoded_bytes += values[0].length;
			}
		}
	}
	return now() - begin;
}

static bool
same_row(const TsmCodecValue *a, const TsmCodecValue *b)
{
	int			i;

	for (i = 0; i < set.schema.natts; i++)
	{
		uint64_t	mask = set.attributes[i].length == 4 ? UINT32_MAX : UINT64_MAX;

		if (a[i].null != b[i].null)
			return false;
		if (a[i].null)
			continue;
		if (set.attributes[i].kind != TSM_CODEC_BYTES)
		{
			if ((a[i].as.word & mask) != (b[i].as.word & mask))
				return false;
		}
		else if (a[i].length != b[i].length || memcmp(a[i].as.bytes, b[i].as.bytes, a[i].length) != 0)
			return false;
	}
	return true;
}

/* Random versions by key and time; the block is known, as by an index. */
static double
look_up(TsmCodecCrc crc, bool compare)
{
	TsmCodecFault fault;
	double		begin = now();
	int			i;

	for (i = 0; i < LOOKUPS; i++)
	{
		const Folded *in = &folded[dice((uint32_t) nfolded)];
		const TsmCodecRow *wanted = &set.rows[in->first + (int) dice((uint32_t) in->count)];
		TsmCodecBlock block;
		TsmCodecFrame frame;
		const uint8_t *raw;
		int			row;

		must(tsm_codec_open_at(&block, in->data, in->size, crc, wanted->key, wanted->start, &frame, &fault), &fault);
		if (frame.index < 0)
			exit(4);
		must(tsm_codec_expand_base(&block, buffer, &fault), &fault);
		raw = tsm_codec_expand_frame(&block, &frame, buffer, &fault);
		must(raw && tsm_codec_reader_open(reader, &block, &frame, raw, &fault), &fault);
		row = tsm_codec_find_row(reader, wanted->key, wanted->start);
		must(tsm_codec_read_row(reader, row, values, &fault), &fault);
		decoded_bytes += values[0].length;
		if (compare && !same_row(wanted->values, values))
		{
			fprintf(stderr, "a row differs\n");
			exit(5);
		}
	}
	return now() - begin;
}

/* ---- report ---- */

static void
report(const char *name, TsmCodecOptions *options)
{
	double		encode[ROUNDS],
				decode[ROUNDS],
				point[ROUNDS],
				point_checked[ROUNDS],
				pack[ROUNDS],
				unpack[ROUNDS],
				unpack_one[ROUNDS];
	double		blocks = 0,
				payload = 0;
	int			i;

	for (i = 0; i < ROUNDS; i++)
	{
		pack[i] = pack_rows();
		encode[i] = fold(options);
		unpack[i] = unpack_rows(0);
		decode[i] = unfold();
		unpack_one[i] = unpack_rows(LOOKUPS);
		point[i] = look_up(NULL, i == 0);
		point_checked[i] = look_up(crc32c, false);
	}
	blocks = pages_of_blocks() / set.count;
	for (i = 0; i < nfolded; i++)
		payload += (double) folded[i].size / set.count;
	printf("%-12s %3d %3d | %8.1f %7.2f%% %8.1f | %7.0f %6.2f | %7.0f %6.2f | %6.2f %6.2f %6.2f\n", name, options->frame_rows,
		   options->level, blocks, 100 * blocks * set.count / row_bytes, payload,
		   row_bytes / 1e6 / median(encode), median(pack) / median(encode),
		   row_bytes / 1e6 / median(decode), median(unpack) / median(decode),
		   median(point) / LOOKUPS * 1e6, median(point_checked) / LOOKUPS * 1e6, median(point) / median(unpack_one));
	fflush(stdout);
}

/* Rows that no block takes stay in the tail. */
static void
leave_out_large(void)
{
	int			i,
				kept = 0;

	for (i = 0; i < set.count; i++)
	{
		if (tsm_codec_row_cost(&set.schema, set.rows[i].values) > TSM_CODEC_MAX_RAW)
			too_big++;
		else
			set.rows[kept++] = set.rows[i];
	}
	set.count = kept;
}

int
main(int argc, char **argv)
{
	TsmCodecOptions options = {32, 9, BLOCK_LIMIT};
	TsmCodecFault fault;
	double		designed = 0;
	int			entities = 0;
	int			i;

	if (argc == 2 && strcmp(argv[1], "documents") == 0)
	{
		generate_documents(&set);
		designed = 78;
	}
	else if (argc == 2 && strcmp(argv[1], "narrow") == 0)
	{
		generate_narrow(&set);
		designed = 12;
	}
	else if (argc == 3)
	{
		set_attributes(&set, argv[2]);
		read_copy(&set);
	}
	else
		return 2;
	leave_out_large();
	if (set.count == 0)
		return 2;
	folded = malloc((size_t) set.count * sizeof(Folded));
	packed = calloc((size_t) set.count, sizeof(Packed));
	reader = tsm_codec_reader_init(malloc(tsm_codec_reader_size(set.schema.natts)), &set.schema, &fault);
	for (i = 0; i < set.count; i++)
	{
		row_bytes += (double) row_image(set.rows[i].values, NULL) + PLAIN_OVERHEAD;
		entities += i == 0 || set.rows[i].key != set.rows[i - 1].key;
	}
	(void) pack_rows();
	printf("%s: %d versions of %d keys, %d more too large; bytes a version in full copies %.1f, each compressed %.1f\n",
		   argv[1], set.count, entities, too_big, row_bytes / set.count, packed_bytes / set.count + PLAIN_OVERHEAD);
	for (i = 0; i < 4; i++)
	{
		options.frame_rows = i & 1 ? 16 : 32;
		options.level = i & 2 ? 1 : 9;
		report(argv[1], &options);
	}
	/* What the design page counted: neither transactions nor ends. */
	for (i = 0; i < set.count; i++)
	{
		set.rows[i].start_xid = set.rows[i].end_xid = 0;
		set.rows[i].end = i + 1 < set.count && set.rows[i + 1].key == set.rows[i].key ?
			set.rows[i + 1].start : TSM_CODEC_INFINITY;
	}
	options.frame_rows = 32;
	options.level = set.schema.natts > 1 && strcmp(argv[1], "narrow") == 0 ? 1 : 9;
	(void) fold(&options);
	printf("%-12s %3d %3d | %8.1f          without xids and ends", argv[1], options.frame_rows, options.level,
		   pages_of_blocks() / set.count);
	if (designed > 0)
		printf("; %.2f of the %.0f of the design", pages_of_blocks() / set.count / designed, designed);
	printf("\n\n");
	return decoded_bytes < 0;
}
