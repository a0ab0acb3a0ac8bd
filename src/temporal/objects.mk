OBJS += \
	src/temporal/tsm_temporal_generate.o \
	src/temporal/tsm_temporal_init.o \
	src/temporal/tsm_temporal_name.o \
	src/temporal/tsm_temporal_plan.o \
	src/temporal/tsm_temporal_versioning.o \
	src/temporal/tsm_temporal_write.o
