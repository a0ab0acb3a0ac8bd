OBJS += \
	src/delta/codec/tsm_delta_codec_diff.o \
	src/delta/codec/tsm_delta_codec_encode.o \
	src/delta/codec/tsm_delta_codec_frame.o \
	src/delta/codec/tsm_delta_codec_open.o \
	src/delta/codec/tsm_delta_codec_read.o \
	src/delta/codec/tsm_delta_codec_section.o \
	src/delta/fold/tsm_delta_fold.o \
	src/delta/fold/tsm_delta_fold_pack.o \
	src/delta/fold/tsm_delta_unfold.o \
	src/delta/inspect/tsm_delta_verify.o \
	src/delta/read/tsm_delta_estimate.o \
	src/delta/read/tsm_delta_foreign.o \
	src/delta/read/tsm_delta_match.o \
	src/delta/read/tsm_delta_path.o \
	src/delta/read/tsm_delta_scan.o \
	src/delta/read/tsm_delta_shape.o \
	src/delta/segment/tsm_delta_segment_key.o \
	src/delta/segment/tsm_delta_segment_map.o \
	src/delta/segment/tsm_delta_segment_schema.o \
	src/delta/segment/tsm_delta_segment_store.o \
	src/delta/segment/tsm_delta_segment_walk.o \
	src/delta/tsm_delta_guard.o \
	src/delta/tsm_delta_init.o \
	src/delta/tsm_delta_name.o \
	src/delta/tsm_delta_registry.o \
	src/delta/tsm_delta_sql.o
