OBJS += \
	src/temporal/tsm_temporal_init.o \
	src/temporal/tsm_temporal_name.o \
	src/temporal/ddl/tsm_temporal_event.o \
	src/temporal/ddl/tsm_temporal_follow.o \
	src/temporal/ddl/tsm_temporal_generate.o \
	src/temporal/ddl/tsm_temporal_move.o \
	src/temporal/ddl/tsm_temporal_security.o \
	src/temporal/ddl/tsm_temporal_versioning.o \
	src/temporal/join/tsm_temporal_join_exec.o \
	src/temporal/join/tsm_temporal_join_path.o \
	src/temporal/join/tsm_temporal_join_plan.o \
	src/temporal/join/tsm_temporal_sweep.o \
	src/temporal/period/tsm_temporal_allen.o \
	src/temporal/period/tsm_temporal_cut.o \
	src/temporal/period/tsm_temporal_gaps.o \
	src/temporal/period/tsm_temporal_leftover.o \
	src/temporal/period/tsm_temporal_period.o \
	src/temporal/period/tsm_temporal_portion.o \
	src/temporal/read/tsm_temporal_as_of.o \
	src/temporal/read/tsm_temporal_snapshot.o \
	src/temporal/read/tsm_temporal_token.o \
	src/temporal/write/tsm_temporal_hold.o \
	src/temporal/write/tsm_temporal_import.o \
	src/temporal/write/tsm_temporal_latest.o \
	src/temporal/write/tsm_temporal_plan.o \
	src/temporal/write/tsm_temporal_write.o
