OBJS += \
	src/vector/tsm_vector_aggregate.o \
	src/vector/tsm_vector_avx2.o \
	src/vector/tsm_vector_avx512.o \
	src/vector/tsm_vector_bit.o \
	src/vector/tsm_vector_cast.o \
	src/vector/tsm_vector_compare.o \
	src/vector/tsm_vector_cost.o \
	src/vector/tsm_vector_dispatch.o \
	src/vector/tsm_vector_distance.o \
	src/vector/tsm_vector_io.o \
	src/vector/tsm_vector_math.o \
	src/vector/tsm_vector_neon.o \
	src/vector/tsm_vector_scalar.o \
	src/vector/tsm_vector_sql.o
