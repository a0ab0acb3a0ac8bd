OBJS += \
	src/base/tsm_base_bytes.o \
	src/base/tsm_base_cpu.o \
	src/base/tsm_base_init.o \
	src/base/tsm_base_sql.o
