/*
 * rows.c
 *	  Rows for the benchmark of the block codec: read from COPY, or generated.
 */
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 7;

void
set_attributes(RowSet *set, const char *names)
{
	int			natts = 0;

	memset(set, 0, sizeof(*set));
	while (*names != '\0')
	{
		TsmCodecAttribute *attribute = &set->attributes[natts++];
		size_t		length = strcspn(names, ",");

		attribute->kind = names[0] == 'b' ? TSM_CODEC_BYTES : names[0] == 'i' ? TSM_CODEC_INT : TSM_CODEC_FLOAT;
		attribute->length = names[0] == 'b' ? 0 : (uint16_t) (names[length - 1] - '0');
		names += length + (names[length] == ',');
	}
	set->schema.natts = natts;
	set->schema.attributes = set->attributes;
}

TsmCodecValue *
add_row(RowSet *set, int64_t key, int64_t start, int64_t end)
{
	size_t		natts = (size_t) set->schema.natts;
	TsmCodecValue *values;
	size_t		i;

	if (set->count == set->room)
	{
		set->room = set->room * 2 + 1000;
		set->rows = realloc(set->rows, (size_t) set->room * sizeof(TsmCodecRow));
		set->values = realloc(set->values, (size_t) set->room * natts * sizeof(TsmCodecValue));
		for (i = 0; i < (size_t) set->count; i++)
			set->rows[i].values = set->values + i * natts;
	}
	values = set->values + (size_t) set->count * natts;
	for (i = 0; i < natts; i++)
	{
		memset(&values[i], 0, sizeof(values[i]));
		values[i].null = true;
	}
	set->rows[set->count++] = (TsmCodecRow) {key, start, end, 0, 0, values};
	return values;
}

uint8_t *
keep_bytes(const void *bytes, size_t length)
{
	static uint8_t *chunk;
	static size_t left;
	uint8_t    *kept;

	if (length > left)
	{
		left = length > 64 << 20 ? length : 64 << 20;
		chunk = malloc(left);
	}
	kept = chunk;
	memcpy(kept, bytes, length);
	chunk += length;
	left -= length;
	return kept;
}

static int
by_start(const void *a, const void *b)
{
	int64_t		left = (*(TsmCodecRow *const *) a)->start;
	int64_t		right = (*(TsmCodecRow *const *) b)->start;

	return left < right ? -1 : left > right;
}

void
number_transactions(RowSet *set)
{
	TsmCodecRow **order = malloc((size_t) set->count * sizeof(*order));
	int			i;

	for (i = 0; i < set->count; i++)
		order[i] = &set->rows[i];
	qsort(order, (size_t) set->count, sizeof(*order), by_start);
	for (i = 0; i < set->count; i++)
		order[i]->start_xid = 1000000 + (uint64_t) i;
	for (i = 0; i < set->count; i++)
	{
		TsmCodecRow *row = &set->rows[i];

		row->end_xid = row->start_xid + 1000;
		if (i + 1 < set->count && row[1].key == row->key)
		{
			row->end = row[1].start;
			row->end_xid = row[1].start_xid;
		}
	}
	free(order);
}

/* ---- COPY ---- */

static uint64_t
network_word(const uint8_t *bytes, int length)
{
	uint64_t	word = 0;

	while (length-- > 0)
		word = word << 8 | *bytes++;
	return word;
}

static void
must_read(void *bytes, size_t length)
{
	if (fread(bytes, 1, length, stdin) != length)
	{
		fprintf(stderr, "the rows end early\n");
		exit(1);
	}
}

void
read_copy(RowSet *set)
{
	static uint8_t bytes[1 << 24];
	uint64_t	head[5];
	TsmCodecValue *values = NULL;
	int			i,
				fields,
				length;

	must_read(bytes, 19);
	for (;;)
	{
		must_read(bytes, 2);
		fields = (int16_t) network_word(bytes, 2);
		if (fields < 0)
			return;
		if (fields != 5 + set->schema.natts)
			exit(3);
		for (i = 0; i < fields; i++)
		{
			must_read(bytes, 4);
			length = (int32_t) network_word(bytes, 4);
			if (length > (int) sizeof(bytes))
				exit(3);
			if (length > 0)
				must_read(bytes, (size_t) length);
			if (i < 5)
				head[i] = network_word(bytes, length);
			if (i == 4)
			{
				values = add_row(set, (int64_t) head[0], (int64_t) head[1], (int64_t) head[2]);
				set->rows[set->count - 1].start_xid = head[3];
				set->rows[set->count - 1].end_xid = head[4];
			}
			if (i < 5 || length < 0)
				continue;
			values[i - 5].null = false;
			values[i - 5].length = (uint32_t) length;
			if (set->attributes[i - 5].kind == TSM_CODEC_BYTES)
				values[i - 5].as.bytes = keep_bytes(bytes, (size_t) length);
			else
				values[i - 5].as.word = network_word(bytes, length);
		}
	}
}

/* ---- generated rows ---- */

static uint32_t
dice(uint32_t n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (random_state >> 33) % n;
}

static double
uniform(void)
{
	return (dice(1 << 30) + 0.5) / (1 << 30);
}

static double
normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static const char *const words[] = {
	"alpha", "river", "stone", "market", "yellow", "copper", "signal", "lantern", "harbor", "meadow", "quantum",
	"window", "thunder", "silver", "bridge", "forest", "engine", "mirror", "canvas", "planet", "ladder", "pepper",
	"orbit", "saddle", "velvet", "marble", "cactus", "gravel", "magnet", "napkin", "oyster", "parcel"
};

static const char *
word(void)
{
	return words[dice(32)];
}

static void
sentence(char *text, uint32_t count)
{
	text[0] = '\0';
	while (count-- > 0)
	{
		strcat(text, word());
		strcat(text, count > 0 ? " " : "");
	}
}

#define METRICS 16
#define ITEMS	14
#define NOTES	6

typedef struct Document
{
	int			metrics,
				items,
				notes,
				revision;
	char		title[100],
				status[16],
				names[METRICS][16],
				skus[ITEMS][12],
				remarks[ITEMS][60],
				texts[NOTES][300];
	double		values[METRICS],
				prices[ITEMS];
	int			quantities[ITEMS];
} Document;

static void
add_item(Document *doc, int place)
{
	sprintf(doc->skus[place], "%08x", dice(UINT32_MAX));
	sentence(doc->remarks[place], 1 + dice(5));
	doc->quantities[place] = 1 + (int) dice(50);
	doc->prices[place] = dice(50000) / 100.0;
}

static void
make_document(Document *doc)
{
	int			i;

	memset(doc, 0, sizeof(*doc));
	sentence(doc->title, 6);
	strcpy(doc->status, "new");
	doc->metrics = 6 + (int) dice(METRICS - 5);
	doc->items = 3 + (int) dice(ITEMS - 2);
	doc->notes = 2 + (int) dice(NOTES - 1);
	for (i = 0; i < doc->metrics; i++)
	{
		sprintf(doc->names[i], "%s%d", word(), i);
		doc->values[i] = dice(1000000) / 1000.0;
	}
	for (i = 0; i < doc->items; i++)
		add_item(doc, i);
	for (i = 0; i < doc->notes; i++)
		sentence(doc->texts[i], 10 + dice(21));
}

/* One to three edits: numbers mostly, now and then a word, an item or a note. */
static void
edit_document(Document *doc)
{
	static const char *const states[] = {"new", "open", "waiting", "done", "closed", "reopened"};
	uint32_t	edits = 1 + dice(2) * dice(3);

	while (edits-- > 0)
	{
		uint32_t	what = dice(100);
		uint32_t	item = dice((uint32_t) doc->items);

		if (what < 35)
			doc->values[dice((uint32_t) doc->metrics)] += round(normal() * 5000) / 1000.0;
		else if (what < 55)
			strcpy(doc->status, states[dice(6)]);
		else if (what < 75)
			doc->quantities[item] = 1 + (int) dice(50);
		else if (what < 90)
			doc->prices[item] = dice(50000) / 100.0;
		else if (what < 96)
			doc->texts[dice((uint32_t) doc->notes)][0] ^= 32;
		else if (what < 99 && doc->items < ITEMS)
			add_item(doc, doc->items++);
		else
			sentence(doc->texts[dice((uint32_t) doc->notes)], 10 + dice(21));
	}
	doc->revision++;
}

static size_t
print_document(const Document *doc, int id, int64_t time, char *text)
{
	int64_t		s = time / 1000000;
	char	   *end = text;
	int			i;

	end += sprintf(end, "{\"id\": %d, \"title\": \"%s\", \"status\": \"%s\", \"metrics\": {", id, doc->title, doc->status);
	for (i = 0; i < doc->metrics; i++)
		end += sprintf(end, "\"%s\": %.3f, ", doc->names[i], doc->values[i]);
	end += sprintf(end, "}, \"items\": [");
	for (i = 0; i < doc->items; i++)
		end += sprintf(end, "{\"sku\": \"%s\", \"qty\": %d, \"price\": %.2f, \"note\": \"%s\"}, ", doc->skus[i],
					   doc->quantities[i], doc->prices[i], doc->remarks[i]);
	end += sprintf(end, "], \"notes\": [");
	for (i = 0; i < doc->notes; i++)
		end += sprintf(end, "\"%s\", ", doc->texts[i]);
	end += sprintf(end, "], \"updated_at\": \"2024-%02d-%02dT%02d:%02d:%02dZ\", \"rev\": %d}", (int) (s / 2592000 % 12 + 1),
				   (int) (s / 86400 % 28 + 1), (int) (s / 3600 % 24), (int) (s / 60 % 60), (int) (s % 60), doc->revision);
	return (size_t) (end - text);
}

void
generate_documents(RowSet *set)
{
	static char text[16384];
	Document	doc;
	int			id;

	set_attributes(set, "bytes");
	for (id = 0; id < 100; id++)
	{
		int			versions = (int) exp(log(50) + uniform() * (log(1000) - log(50)));
		int64_t		time = 757382400000000 + (int64_t) (uniform() * 1e12);

		make_document(&doc);
		while (versions-- > 0)
		{
			size_t		length = print_document(&doc, id, time, text);
			TsmCodecValue *value = add_row(set, id, time, time + 1000000000);

			value->as.bytes = keep_bytes(text, length);
			value->length = (uint32_t) length;
			value->null = false;
			time += (int64_t) (-3.6e9 * log(uniform())) + 1;
			edit_document(&doc);
		}
	}
	number_transactions(set);
}

void
generate_narrow(RowSet *set)
{
	static const char *const states[] = {"idle", "running", "blocked", "waiting_io", "paused", "failed", "done", "queued"};
	int			id,
				i;

	set_attributes(set, "int4,int4,int8,float8,bytes,int4");
	for (id = 0; id < 1500; id++)
	{
		int			versions = id < 300 ? (int) exp(log(50) + uniform() * (log(1000) - log(50))) : 100 + (int) dice(101);
		int64_t		time = 757382400000000 + (int64_t) (uniform() * 1e12);
		int64_t		level = dice(1001), count = dice(1000001), total = (int64_t) (uniform() * 1e10), share = 1 + dice(50);
		double		hundredths = dice(10000);
		const char *state = states[dice(8)];

		while (versions-- > 0)
		{
			TsmCodecValue *values = add_row(set, id, time, time + 1000000);
			double		rate = hundredths / 100;
			uint32_t	edits = 1 + dice(2) * dice(2);

			for (i = 0; i < 6; i++)
				values[i].null = false;
			values[0].as.word = (uint64_t) level;
			values[1].as.word = (uint64_t) count;
			values[2].as.word = (uint64_t) total;
			memcpy(&values[3].as.word, &rate, 8);
			values[4].as.bytes = (const uint8_t *) state;
			values[4].length = (uint32_t) strlen(state);
			values[5].as.word = (uint64_t) share;
			time += (int64_t) (-6e7 * log(uniform())) + 1;
			while (edits-- > 0)
			{
				switch (dice(6))
				{
					case 0: level += (int) dice(11) - 5; break;
					case 1: count += 1 + dice(100); break;
					case 2: total += (int) dice(200001) - 100000; break;
					case 3: hundredths += round(normal() * 50); break;
					case 4: state = states[dice(8)]; break;
					default: share = 1 + dice(50); break;
				}
			}
		}
	}
	number_transactions(set);
}
