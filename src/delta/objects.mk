OBJS += \
	src/delta/codec/tsm_delta_codec_diff.o \
	src/delta/codec/tsm_delta_codec_encode.o \
	src/delta/codec/tsm_delta_codec_frame.o \
	src/delta/codec/tsm_delta_codec_open.o \
	src/delta/codec/tsm_delta_codec_read.o \
	src/delta/codec/tsm_delta_codec_section.o \
	src/delta/fold/tsm_delta_fold_map.o \
	src/delta/fold/tsm_delta_fold_run.o \
	src/delta/fold/tsm_delta_fold_schema.o \
	src/delta/fold/tsm_delta_fold_store.o \
	src/delta/fold/tsm_delta_fold_undo.o \
	src/delta/fold/tsm_delta_fold_verify.o \
	src/delta/fold/tsm_delta_fold_walk.o \
	src/delta/tsm_delta_estimate.o \
	src/delta/tsm_delta_guard.o \
	src/delta/tsm_delta_init.o \
	src/delta/tsm_delta_match.o \
	src/delta/tsm_delta_path.o \
	src/delta/tsm_delta_registry.o \
	src/delta/tsm_delta_scan.o \
	src/delta/tsm_delta_shape.o \
	src/delta/tsm_delta_sql.o
