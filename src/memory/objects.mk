OBJS += \
	src/memory/tsm_memory_collection.o \
	src/memory/tsm_memory_diversify.o \
	src/memory/tsm_memory_embed.o \
	src/memory/tsm_memory_facts.o \
	src/memory/tsm_memory_filter.o \
	src/memory/tsm_memory_ngrams.o \
	src/memory/tsm_memory_query.o \
	src/memory/tsm_memory_recall.o \
	src/memory/tsm_memory_sql.o
