/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec.h
 *	  The block codec of delta, format TSD1: versions of rows in, one block of
 *	  bytes out, and back.
 *
 * A kernel: no palloc, no ereport, no Datum. All memory is the caller's and
 * of a size known beforehand, so nothing can fail for want of it and nothing
 * can leak. Functions that can fail give false and say why in a TsmCodecFault.
 *
 * Rows are ordered by (key, start); a run of rows with one key is the chain of
 * an entity. Rows of one key and start may follow each other (hashes collide,
 * keys may have several versions at a time).
 *
 * ON DISK. Integers of fixed width are little-endian. "varint" is unsigned
 * LEB128, "zigzag" a signed number as a varint; differences are taken modulo
 * 2^64, so every value of a type can follow every other. Bit i of a bitmap is
 * bit i % 8 of its byte i / 8. A block is
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	0		3		magic "TSD"
 *	3		1		format, 1; readers refuse any other
 *	4		1		flags, 0; readers refuse any other
 *	5		1		coding of the base image: 0 raw, 1 LZ4
 *	6		2		attributes
 *	8		2		frames, at least 1
 *	10		2		base image, raw length
 *	12		2		base image, stored length
 *	14		2		directory length
 *	16		4		versions
 *	20		4		schema_id
 *	24		4		raw length of the base image and all frames
 *	28		4		crc32c of bytes 0 to 27 and 32 to the end
 *	32		8		key of the first row
 *	40		8		start of the first row
 *	48		...		directory, an entry a frame
 *	...		...		base image: the values of kind bytes of the first row, cut at
 *					32,768; the dictionary of every LZ4 frame
 *	...		...		frames, as stored
 *
 * A directory entry (the first differs from the header by 0) is
 *
 *	varint	versions in the frame
 *	varint	key of its first row, less that of the previous frame
 *	zigzag	start of its first row, less that of the previous frame
 *	1 byte	coding of the frame: 0 raw, 1 LZ4; 0x80 is added where the greatest
 *			end is infinity
 *	zigzag	greatest end less start of the first row; absent at infinity
 *	varint	raw length
 *	varint	stored length; absent where raw
 *
 * A frame, raw, is
 *
 *	1 byte	flags: 1 starts are differences of differences; 2 some ends are
 *			infinity; 4 all xids of the frame are one
 *	runs	until all rows are counted: varint rows; before that, but for the
 *			first run, varint key less that of the previous run
 *	starts	a row but the first: where a run begins zigzag, less the previous
 *			start; else varint that difference, or with flag 1 zigzag that difference
 *			less the previous such one of the run (0 at first)
 *	gaps	a bitmap of the rows: 0 where the row ends when and by whom the next
 *			row of its run starts; the last of a run has 1
 *	endless	with flag 2 a bitmap of the rows with a gap: 1 where the end is infinity
 *	ends	for each other row with a gap, zigzag end less start
 *	xids	varint xid of the first start; without flag 4 a zigzag for each further
 *			row, less the previous, then for each row with a gap a zigzag, xid of
 *			the end less that of the start
 *	lengths	a varint an attribute: bytes of its section
 *	sections, an attribute's each:
 *		1 byte	mode: 1 some value changes; 2 some value is null; for kinds of
 *				float 4: decimals
 *		1 byte	with mode 4, the number of decimals
 *		bitmap	with mode 1, of the rows but the first: 1 where the value differs
 *				from that of the previous row. The first value and those are carried
 *		bitmap	with mode 2, of the carried values: 1 where null
 *		values	those carried that are not null, by kind:
 *		  int	zigzag less the previous such value (0 at first)
 *		  float	bits xor the previous such value (0 at first), without its zero
 *				bytes below and above: 1 byte (zero bytes below * 16 + bytes that
 *				follow), those bytes, the lowest first. With mode 4 the value times
 *				10^decimals as int
 *		  fixed	its bytes; from 32 bytes on as kind bytes
 *		  bytes	varint length * 2, then the value; or varint length * 2 + 1, then
 *				that many bytes of a diff against the previous value, not null
 *
 * A diff is
 *
 *	zigzag	length of the value less length of the previous one
 *	varint	bytes copied from the beginning of the previous one
 *	varint	bytes inserted, then these
 *	...		until the diff ends: zigzag place in the previous value less the place
 *			expected (where the last copy ended plus what was inserted since), varint
 *			bytes copied from there, varint bytes inserted, then these
 *	What is still missing at its length are the last bytes of the previous value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_CODEC_H
#define TSM_DELTA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSM_CODEC_FORMAT			1
#define TSM_CODEC_HEADER_SIZE		48

#define TSM_CODEC_MAX_ATTRIBUTES	1600	/* of a row; the server's own limit */
#define TSM_CODEC_MAX_FIXED			32767	/* bytes of a value of kind fixed */
#define TSM_CODEC_MAX_FRAME_ROWS	256
#define TSM_CODEC_MAX_FRAMES		1024	/* of a block */
#define TSM_CODEC_MAX_RAW			((1 << 21) - 1)	/* bytes of a raw frame, and of the values of a row */
#define TSM_CODEC_MAX_WORK			(1 << 22)	/* bytes of the values of all rows of a frame but the first */
#define TSM_CODEC_MAX_BASE			32768	/* bytes of a raw base image */
#define TSM_CODEC_MAX_BLOCK			(1 << 22)
#define TSM_CODEC_MAX_LEVEL			12
#define TSM_CODEC_INFINITY			INT64_MAX

typedef enum TsmCodecKind
{
	TSM_CODEC_INT = 1,			/* 1, 2, 4 or 8 bytes by value */
	TSM_CODEC_FLOAT,			/* 4 or 8 bytes by value, IEEE 754 */
	TSM_CODEC_FIXED,			/* 1 to TSM_CODEC_MAX_FIXED bytes */
	TSM_CODEC_BYTES				/* any bytes; length is 0 */
} TsmCodecKind;

typedef struct TsmCodecAttribute
{
	uint16_t	kind;
	uint16_t	length;
} TsmCodecAttribute;

typedef struct TsmCodecSchema
{
	uint32_t	schema_id;
	int			natts;			/* 0 to TSM_CODEC_MAX_ATTRIBUTES */
	const TsmCodecAttribute *attributes;
} TsmCodecSchema;

/*
 * A value. Of an int the lower bytes of word count when it is encoded; decoded
 * it is extended by its sign. Of a float word holds the bits, extended by
 * zeroes.
 */
typedef struct TsmCodecValue
{
	union
	{
		uint64_t	word;		/* int, float */
		const uint8_t *bytes;	/* fixed, bytes */
	}			as;
	uint32_t	length;			/* of bytes; when decoded, of fixed too */
	bool		null;
} TsmCodecValue;

/* One version of a row. */
typedef struct TsmCodecRow
{
	int64_t		key;
	int64_t		start;
	int64_t		end;			/* TSM_CODEC_INFINITY for none */
	uint64_t	start_xid;
	uint64_t	end_xid;
	const TsmCodecValue *values;	/* as many as the schema has attributes */
} TsmCodecRow;

typedef enum TsmCodecCode
{
	TSM_CODEC_OK = 0,
	TSM_CODEC_BAD_CALL,			/* schema or options out of range; position is the attribute, if any */
	TSM_CODEC_UNORDERED,		/* position is the first row that is before its predecessor */
	TSM_CODEC_ROW_TOO_BIG,		/* of more than TSM_CODEC_MAX_RAW bytes, in no block; position is the row */
	TSM_CODEC_NO_ROOM,			/* the first row needs a larger block; one of position bytes will do */
	TSM_CODEC_NOT_A_BLOCK,
	TSM_CODEC_UNKNOWN_FORMAT,	/* written by a later release */
	TSM_CODEC_BAD_CHECKSUM,
	TSM_CODEC_OTHER_SCHEMA,		/* the block is not of the given schema */
	TSM_CODEC_CORRUPT			/* position is the byte in the block, or in the raw frame */
} TsmCodecCode;

typedef struct TsmCodecFault
{
	TsmCodecCode code;
	size_t		position;
	const char *what;			/* a static phrase in lower case */
} TsmCodecFault;

/* The crc32c (Castagnoli) of bytes; crc is the result for what is before them, 0 at first. */
typedef uint32_t (*TsmCodecCrc) (uint32_t crc, const void *bytes, size_t length);

/* ---- writing ---- */

typedef struct TsmCodecOptions
{
	int			frame_rows;		/* 1 to TSM_CODEC_MAX_FRAME_ROWS */
	int			level;			/* 0 no compression, 1 and 2 LZ4, 3 to 12 LZ4 HC */
	size_t		block_size;		/* the most bytes of a block, to TSM_CODEC_MAX_BLOCK */
} TsmCodecOptions;

typedef struct TsmCodecEncoder TsmCodecEncoder;

/* Bytes of memory an encoder needs; about 9 MB, of which it touches what it uses. */
extern size_t tsm_codec_encoder_size(void);

/*
 * Make an encoder in the given memory, aligned for any type. Schema, options
 * and memory are the caller's and must outlive it. There is nothing to free in it.
 */
extern TsmCodecEncoder *tsm_codec_encoder_init(void *memory, const TsmCodecSchema *schema,
											   const TsmCodecOptions *options, TsmCodecCrc crc32c,
											   TsmCodecFault *fault);

/*
 * Write as many of the rows, from the first on, as fit into one block of
 * options.block_size bytes; used says how many, at least one. A row that is
 * too big ends the block before it, so it is reported when it is the first.
 */
extern bool tsm_codec_encode(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows,
							 uint8_t *block, size_t *size, int *used, TsmCodecFault *fault);

/* The bytes a row counts for against TSM_CODEC_MAX_RAW: more, and it is too big. */
extern size_t tsm_codec_row_cost(const TsmCodecSchema *schema, const TsmCodecValue *values);

/* ---- reading ---- */

typedef struct TsmCodecBlock
{
	const uint8_t *data;
	size_t		size;
	uint32_t	schema_id;
	int			natts;
	int			frames;
	uint32_t	versions;
	uint32_t	raw_length;
	int64_t		key;			/* of the first row */
	int64_t		start;
	uint32_t	base_offset;
	uint32_t	base_length;
	uint32_t	base_stored;
	bool		base_compressed;
} TsmCodecBlock;

/* A directory entry, and the place of the next one. */
typedef struct TsmCodecFrame
{
	int			index;
	int			rows;
	int64_t		key;			/* of the first row */
	int64_t		start;
	int64_t		max_end;		/* the greatest end of its rows */
	bool		compressed;
	uint32_t	raw_length;
	uint32_t	stored_length;
	uint32_t	offset;			/* of the frame in the block */
	uint32_t	next_entry;		/* offset of the next directory entry */
} TsmCodecFrame;

/*
 * Open a block: checks the header, the whole directory, and the checksum
 * unless crc32c is NULL (the bytes were checked before). What is read later is
 * within bounds in any case.
 */
extern bool tsm_codec_open(TsmCodecBlock *block, const void *data, size_t size, TsmCodecCrc crc32c,
						   TsmCodecFault *fault);

/*
 * The same, and tsm_codec_find_frame in the same walk; frame->index is -1 when
 * all rows are after (key, start). Where crc32c is NULL the walk ends at the
 * frame.
 */
extern bool tsm_codec_open_at(TsmCodecBlock *block, const void *data, size_t size,
							  TsmCodecCrc crc32c, int64_t key, int64_t start, TsmCodecFrame *frame,
							  TsmCodecFault *fault);

/* The frames in their order, until false. */
extern bool tsm_codec_first_frame(const TsmCodecBlock *block, TsmCodecFrame *frame);
extern bool tsm_codec_next_frame(const TsmCodecBlock *block, TsmCodecFrame *frame);

/*
 * The frame of the last row that is not after (key, start); false when all
 * rows are after it.
 */
extern bool tsm_codec_find_frame(const TsmCodecBlock *block, int64_t key, int64_t start,
								 TsmCodecFrame *frame);

/*
 * Expand frames into a buffer of at least base_length + raw_length bytes: the
 * base image once, then any frame of the block after it. The raw frame that
 * is given lies in the buffer, or in the block itself where it was not compressed.
 */
extern bool tsm_codec_expand_base(const TsmCodecBlock *block, uint8_t *buffer, TsmCodecFault *fault);
extern const uint8_t *tsm_codec_expand_frame(const TsmCodecBlock *block, const TsmCodecFrame *frame,
											 uint8_t *buffer, TsmCodecFault *fault);

typedef struct TsmCodecReader TsmCodecReader;

/* Bytes of memory a reader of so many attributes needs: about 13 MB, of which it touches what it uses. */
extern size_t tsm_codec_reader_size(int natts);

/* Make a reader in the given memory, aligned for any type; there is nothing to free in it. */
extern TsmCodecReader *tsm_codec_reader_init(void *memory, const TsmCodecSchema *schema,
											 TsmCodecFault *fault);

/*
 * Read a raw frame: its keys, times and xids, all checked; what attributes have
 * is checked when it is read. The raw bytes must stay while rows are read.
 */
extern bool tsm_codec_reader_open(TsmCodecReader *reader, const TsmCodecBlock *block,
								  const TsmCodecFrame *frame, const uint8_t *raw,
								  TsmCodecFault *fault);

/*
 * The last row of the key that does not start after the given time, or -1. Where
 * periods of a key are disjoint it is the only one that can hold the time.
 */
extern int	tsm_codec_find_row(const TsmCodecReader *reader, int64_t key, int64_t time);

/* Key, times and xids of a row of the open frame; values is left NULL. */
extern void tsm_codec_row_head(const TsmCodecReader *reader, int index, TsmCodecRow *row);

/*
 * Read the values of a row, as many as the schema has attributes. They stay
 * until the next call. Rows can be read in any order; in ascending order each
 * costs what changed. After false the frame has to be opened again.
 */
extern bool tsm_codec_read_row(TsmCodecReader *reader, int index, TsmCodecValue *values,
							   TsmCodecFault *fault);

/*
 * The same for some attributes: wanted is a bitmap of them, bit i % 8 of byte
 * i / 8, NULL for all. The other values are left as they were, and what they
 * have in the frame is not looked at. Calls may want more or less of the same
 * row: what was read of it costs nothing again, but earlier values given for
 * kinds fixed and bytes are no longer there.
 */
extern bool tsm_codec_read_columns(TsmCodecReader *reader, int index, const uint8_t *wanted,
								   TsmCodecValue *values, TsmCodecFault *fault);

#endif							/* TSM_DELTA_CODEC_H */
