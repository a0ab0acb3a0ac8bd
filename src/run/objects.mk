OBJS += \
	src/run/tsm_run_append.o \
	src/run/tsm_run_catalog.o \
	src/run/tsm_run_find.o \
	src/run/tsm_run_fold.o \
	src/run/tsm_run_hash.o \
	src/run/tsm_run_lifecycle.o \
	src/run/tsm_run_machine.o \
	src/run/tsm_run_namespace.o \
	src/run/tsm_run_preimage.o \
	src/run/tsm_run_probe.o \
	src/run/tsm_run_read_sql.o \
	src/run/tsm_run_sql.o \
	src/run/tsm_run_verify.o
