# Shared by the scripts of test/tools, docs/demo and bench. Source it; it sets and starts nothing by itself.
# shellcheck shell=bash

PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PG_CONFIG=${PG_CONFIG:-pg_config}

# Say what takes longer than a second.
progress() { printf '>> %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The server refuses to run as root: as root, everything about it runs as postgres.
as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups -- \
			env HOME="${TSM_WORK:-/tmp}" USER=postgres LOGNAME=postgres "$@"
	else
		"$@"
	fi
}

pg_bindir() { "$PG_CONFIG" --bindir; }
pg_major() { "$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'; }

# A directory for one run that postgres can read and write; removed at exit.
make_work_dir() {
	TSM_WORK=$(mktemp -d "${TMPDIR:-/tmp}/tsmem.XXXXXX")
	chmod 755 "$TSM_WORK"
	if [ "$(id -u)" -eq 0 ]; then chown postgres "$TSM_WORK"; fi
	export TSM_WORK
	trap 'stop_server; rm -rf "$TSM_WORK"' EXIT
	trap 'exit 130' INT TERM
}

# Build in the source tree, install into a stage beside the work: no server of this machine is touched.
# A server that cannot look elsewhere for extensions (before 18, and not Debian's) has to have it installed: with
# TSM_INSTALLED=1, what "make install" put there is used.
build_and_stage() {
	# "make bench NAME=..." would hand NAME on to the build, where PGXS names the library by it.
	unset MAKEFLAGS MAKEOVERRIDES
	[ -z "${TSM_INSTALLED:-}" ] || return 0
	make -s -C "$PROJECT" -j2 with_llvm=no COPT="-Werror ${COPT:-}" PG_CONFIG="$PG_CONFIG" all
	make -s -C "$PROJECT" with_llvm=no PG_CONFIG="$PG_CONFIG" DESTDIR="$TSM_WORK/stage" install >/dev/null
	chmod -R a+rX "$TSM_WORK/stage"
}

# The settings that make a server find the staged extension, one a line.
stage_settings() {
	local stage=$TSM_WORK/stage
	[ -z "${TSM_INSTALLED:-}" ] || return 0
	printf "dynamic_library_path = '%s%s:\$libdir'\n" "$stage" "$("$PG_CONFIG" --pkglibdir)"
	if [ "$(pg_major)" -ge 18 ]; then
		printf "extension_control_path = '%s%s:\$system'\n" "$stage" "$("$PG_CONFIG" --sharedir)"
	else
		printf "extension_destdir = '%s'\n" "$stage"
	fi
}

# start_server [setting=value ...]: a throwaway cluster on a Unix socket; exports PGHOST and friends.
start_server() {
	local data=$TSM_WORK/data setting
	as_postgres "$(pg_bindir)/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
		>"$TSM_WORK/initdb.log" 2>&1 || { cat "$TSM_WORK/initdb.log" >&2; fail "initdb failed"; }
	{
		stage_settings
		printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$TSM_WORK'" "port = 5432" \
			"fsync = off" "shared_buffers = 256MB" "max_wal_size = 4GB" "timezone = 'UTC'" \
			"max_prepared_transactions = 10" "max_connections = 150" "log_min_messages = warning"
		for setting in "$@"; do printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"; done
	} | as_postgres tee -a "$data/postgresql.conf" >/dev/null
	as_postgres "$(pg_bindir)/pg_ctl" -D "$data" -l "$TSM_WORK/server.log" -w -t 120 start >/dev/null ||
		{ cat "$TSM_WORK/server.log" >&2; fail "the throwaway server did not start"; }
	TSM_SERVER_RUNS=1
	export PGHOST=$TSM_WORK PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	unset PGOPTIONS PGSERVICE PGPASSFILE PGDATA
	export PGTZ=UTC
}

stop_server() {
	if [ -n "${TSM_SERVER_RUNS:-}" ]; then
		as_postgres "$(pg_bindir)/pg_ctl" -D "$TSM_WORK/data" -m "${TSM_STOP_MODE:-immediate}" -w stop >/dev/null 2>&1 || true
		TSM_SERVER_RUNS=
	fi
}
