OBJS += \
	src/spatial/tsm_spatial_box.o \
	src/spatial/tsm_spatial_distance.o \
	src/spatial/tsm_spatial_gist.o \
	src/spatial/tsm_spatial_io.o \
	src/spatial/tsm_spatial_operator.o \
	src/spatial/tsm_spatial_report.o \
	src/spatial/tsm_spatial_selectivity.o \
	src/spatial/tsm_spatial_sql.o \
	src/spatial/tsm_spatial_typanalyze.o

# The same distance wherever it is computed: no fused multiply-add where the source has none.
src/spatial/tsm_spatial_distance.o: override CFLAGS += -ffp-contract=off
src/spatial/tsm_spatial_distance.bc: override BITCODE_CFLAGS += -ffp-contract=off
