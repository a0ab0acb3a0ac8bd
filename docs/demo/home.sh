# Where a demo is kept, so that docs/demo/psql can open it again. Sourced by docs/demo/run and docs/demo/psql after
# test/tools/lib.sh.
# shellcheck shell=bash

PICTURES=$PROJECT/build/demo
KEPT=$PICTURES/server

# Forget the kept server: its directory, or as root (see keep_server) the one its link names.
remove_kept() {
	local place
	if [ -L "$KEPT" ]; then
		place=$(readlink "$KEPT")
		if [[ $place =~ ^/var/tmp/tsmem-demo\.[A-Za-z0-9]{6}$ ]]; then stop_kept "$place"; rm -rf "$place"; fi
		rm -f "$KEPT"
	elif [ -d "$KEPT" ]; then
		stop_kept "$KEPT"
		rm -rf "$KEPT"
	fi
}

kept_runs() { as_postgres "$(pg_bindir)/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

stop_kept() {
	if kept_runs "$1"; then as_postgres "$(pg_bindir)/pg_ctl" -D "$1/data" -m fast -w stop >/dev/null; fi
}

# Stop the throwaway server and move it, with the extension it runs, to where it stays. As root it runs as postgres,
# who may not be able to enter the checkout (a home directory): then it stays in /var/tmp and a link names the place.
keep_server() {
	local place=$KEPT
	remove_kept
	mkdir -p "$PICTURES"
	if [ "$(id -u)" -eq 0 ]; then
		place=$(mktemp -d /var/tmp/tsmem-demo.XXXXXX)
		chmod 755 "$place"
		ln -s "$place" "$KEPT"
	else
		mkdir "$place"
	fi
	as_postgres "$(pg_bindir)/pg_ctl" -D "$TSM_WORK/data" -m fast -w stop >/dev/null
	TSM_SERVER_RUNS=
	mv "$TSM_WORK/data" "$TSM_WORK/stage" "$place/"
	# The last setting counts: the extension is found where it has moved to.
	TSM_WORK=$place stage_settings | as_postgres tee -a "$place/data/postgresql.conf" >/dev/null
}
