# tsmem: an extension for PostgreSQL, built with PGXS.
#
#   make demo            shows the whole job on real input, installing what is missing
#   make test            builds and runs every test on a throwaway server
#   make                 builds;  make install  installs into the server of $(PG_CONFIG)
#   make coverage        line coverage of the C code by the same tests
#   make bench NAME=...  one benchmark of bench/, beside its peer
#   make fuzz NAME=...   one fuzz driver of test/fuzz, for SECONDS (60)
#   make check-servers   builds and tests on PostgreSQL 17 and 18
#   make check-upgrade   pg_upgrade to PostgreSQL 17, with versioned tables

.DEFAULT_GOAL := all

EXTENSION  = tsmem
EXTVERSION = 0.1.0
MODULE_big = tsmem

# Rooms, lowest storey first. A room may use those before it only.
ROOMS = base vector spatial delta temporal run memory

# Each room lists its objects, by OBJS += ..., beside them.
include $(wildcard $(ROOMS:%=src/%/objects.mk))

DATA_built = sql/tsmem--$(EXTVERSION).sql
SQL_PARTS  = $(wildcard $(ROOMS:%=sql/%.sql))

PG_CPPFLAGS = -I$(srcdir)/src/base $(ROOMS:%=-I$(srcdir)/src/%) $(patsubst %/,-I$(srcdir)/%,$(wildcard src/*/*/))
SHLIB_LINK += -llz4
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
EXTRA_CLEAN = build sql/tsmem--*.sql

# What a person calls works before a server is installed, so it does not need PGXS.
TOOLS = test/tools

demo test coverage bench fuzz check-servers check-upgrade: export PG_CONFIG := $(PG_CONFIG)
demo:
	@$(TOOLS)/ensure-packages demo && docs/demo/run $(if $(DATA),--data '$(DATA)')
test:
	@$(TOOLS)/ensure-packages test && $(TOOLS)/ensure-drivers && $(TOOLS)/run-tests $(ONLY)
coverage:
	@$(TOOLS)/ensure-packages coverage && $(TOOLS)/run-coverage
bench:
	@$(TOOLS)/ensure-packages bench && bench/run $(NAME)
fuzz:
	@$(TOOLS)/ensure-packages fuzz && $(TOOLS)/run-fuzz $(NAME) $(SECONDS)
check-servers:
	@$(TOOLS)/check-servers
check-upgrade:
	@$(TOOLS)/check-upgrade
.PHONY: demo test coverage bench fuzz check-servers check-upgrade

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifneq ($(PGXS),)
include $(PGXS)
else
all install:
	@echo "tsmem needs PostgreSQL's server headers (Debian: postgresql-server-dev-15), and LZ4 its own (liblz4-dev)" >&2; exit 1
endif

# PGXS tracks no header dependencies: every object depends on every header.
$(OBJS): $(wildcard src/*/*.h src/*/*/*.h) Makefile

sql/tsmem--$(EXTVERSION).sql: $(SQL_PARTS) Makefile
	@printf '%s\n' '\echo Use "CREATE EXTENSION tsmem" to load this file. \quit' | cat - $(SQL_PARTS) > $@
