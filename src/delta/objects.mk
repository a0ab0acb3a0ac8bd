OBJS += \
	src/delta/tsm_delta_guard.o \
	src/delta/tsm_delta_registry.o \
	src/delta/tsm_delta_sql.o
