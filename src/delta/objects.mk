OBJS += \
	src/delta/tsm_delta_estimate.o \
	src/delta/tsm_delta_guard.o \
	src/delta/tsm_delta_init.o \
	src/delta/tsm_delta_match.o \
	src/delta/tsm_delta_path.o \
	src/delta/tsm_delta_registry.o \
	src/delta/tsm_delta_scan.o \
	src/delta/tsm_delta_shape.o \
	src/delta/tsm_delta_sql.o
