-- spatial: where and when

CREATE TYPE tsmem.stbox;

CREATE FUNCTION tsmem._stbox_in(cstring) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_in' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_in(cstring) IS 'internal: text input of stbox';
CREATE FUNCTION tsmem._stbox_out(tsmem.stbox) RETURNS cstring
AS 'MODULE_PATHNAME', 'tsm_stbox_out' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_out(tsmem.stbox) IS 'internal: text output of stbox';
CREATE FUNCTION tsmem._stbox_recv(internal) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_recv(internal) IS 'internal: binary input of stbox';
CREATE FUNCTION tsmem._stbox_send(tsmem.stbox) RETURNS bytea
AS 'MODULE_PATHNAME', 'tsm_stbox_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_send(tsmem.stbox) IS 'internal: binary output of stbox';
CREATE FUNCTION tsmem._stbox_typanalyze(internal) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_typanalyze' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_typanalyze(internal) IS 'internal: ANALYZE of stbox columns';

CREATE TYPE tsmem.stbox (
	INPUT = tsmem._stbox_in, OUTPUT = tsmem._stbox_out,
	RECEIVE = tsmem._stbox_recv, SEND = tsmem._stbox_send,
	ANALYZE = tsmem._stbox_typanalyze,
	INTERNALLENGTH = 72, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE tsmem.stbox IS
'box in space (x, y, z) and time; any axis may be absent or unbounded; planar, or geodetic with x, y in degrees of longitude and latitude';

-- Constructors. No two have the same name and number of arguments: untyped literals and parameters stay unambiguous
-- (but the name of a type called with one untyped literal is a cast of that text).

CREATE FUNCTION tsmem.stbox(x double precision, y double precision) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_xy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(x double precision, y double precision) IS
'a point';
CREATE FUNCTION tsmem.stbox(x double precision, y double precision, t timestamptz) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_xyt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(x double precision, y double precision, t timestamptz) IS
'a point at an instant';
CREATE FUNCTION tsmem.stbox(x double precision, y double precision, z double precision, t timestamptz) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_xyzt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(x double precision, y double precision, z double precision, t timestamptz) IS
'a point with height at an instant';
CREATE FUNCTION tsmem.stbox(x1 double precision, y1 double precision, x2 double precision, y2 double precision, period tstzrange) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_box_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(x1 double precision, y1 double precision, x2 double precision, y2 double precision, period tstzrange) IS
'the rectangle from (x1, y1) to (x2, y2) during a period';
CREATE FUNCTION tsmem.stbox(x1 double precision, y1 double precision, z1 double precision, x2 double precision, y2 double precision, z2 double precision, period tstzrange) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_box_z_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(x1 double precision, y1 double precision, z1 double precision, x2 double precision, y2 double precision, z2 double precision, period tstzrange) IS
'the block from (x1, y1, z1) to (x2, y2, z2) during a period';
CREATE FUNCTION tsmem.stbox(period tstzrange) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_from_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.stbox(period tstzrange) IS
'a period, without a place';
CREATE FUNCTION tsmem._stbox_from_point(point) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_from_point' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_from_point(point) IS 'internal: cast from point to stbox';
CREATE FUNCTION tsmem._stbox_from_box(box) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_from_box' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_from_box(box) IS 'internal: cast from box to stbox';
CREATE FUNCTION tsmem.envelope(x1 double precision, y1 double precision, x2 double precision, y2 double precision) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_make_envelope' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.envelope(x1 double precision, y1 double precision, x2 double precision, y2 double precision) IS
'the rectangle from (x1, y1) to (x2, y2), without a time';
CREATE FUNCTION tsmem.geodetic(place tsmem.stbox) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_geodetic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.geodetic(place tsmem.stbox) IS
'the same numbers as longitude and latitude in degrees; distances are then metres';
CREATE FUNCTION tsmem.planar(place tsmem.stbox) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_planar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.planar(place tsmem.stbox) IS
'the same numbers in the plane';
CREATE FUNCTION tsmem.with_time(place tsmem.stbox, period tstzrange) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_with_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.with_time(place tsmem.stbox, period tstzrange) IS
'the same space during another period';
CREATE FUNCTION tsmem.with_z(place tsmem.stbox, z1 double precision, z2 double precision) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_with_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.with_z(place tsmem.stbox, z1 double precision, z2 double precision) IS
'the same box between two heights';
CREATE FUNCTION tsmem.expand(place tsmem.stbox, distance double precision) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_expand_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.expand(place tsmem.stbox, distance double precision) IS
'widened in space by a distance (metres if geodetic): all within the distance of it overlaps the result';
CREATE FUNCTION tsmem.expand_time(place tsmem.stbox, span interval) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_expand_time' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.expand_time(place tsmem.stbox, span interval) IS
'begins earlier and ends later by the interval';

-- Accessors: NULL for what the box does not have.

CREATE FUNCTION tsmem.x_min(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_x_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.x_min(place tsmem.stbox) IS
'lower bound of x, NULL if absent';
CREATE FUNCTION tsmem.x_max(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_x_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.x_max(place tsmem.stbox) IS
'upper bound of x, NULL if absent';
CREATE FUNCTION tsmem.y_min(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_y_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.y_min(place tsmem.stbox) IS
'lower bound of y, NULL if absent';
CREATE FUNCTION tsmem.y_max(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_y_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.y_max(place tsmem.stbox) IS
'upper bound of y, NULL if absent';
CREATE FUNCTION tsmem.z_min(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_z_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.z_min(place tsmem.stbox) IS
'lower bound of z, NULL if absent';
CREATE FUNCTION tsmem.z_max(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_z_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.z_max(place tsmem.stbox) IS
'upper bound of z, NULL if absent';
CREATE FUNCTION tsmem.t_min(place tsmem.stbox) RETURNS timestamptz
AS 'MODULE_PATHNAME', 'tsm_stbox_t_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.t_min(place tsmem.stbox) IS
'begin of its time, NULL if absent';
CREATE FUNCTION tsmem.t_max(place tsmem.stbox) RETURNS timestamptz
AS 'MODULE_PATHNAME', 'tsm_stbox_t_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.t_max(place tsmem.stbox) IS
'end of its time as the text shows it: excluded, unless it is an instant; NULL if absent';
CREATE FUNCTION tsmem.has_x(place tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_has_x' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.has_x(place tsmem.stbox) IS
'whether the box has x';
CREATE FUNCTION tsmem.has_y(place tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_has_y' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.has_y(place tsmem.stbox) IS
'whether the box has y';
CREATE FUNCTION tsmem.has_z(place tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_has_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.has_z(place tsmem.stbox) IS
'whether the box has z';
CREATE FUNCTION tsmem.has_t(place tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_has_t' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.has_t(place tsmem.stbox) IS
'whether the box has time';
CREATE FUNCTION tsmem.is_geodetic(place tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_is_geodetic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.is_geodetic(place tsmem.stbox) IS
'whether x and y are degrees and distances metres';
CREATE FUNCTION tsmem.center(place tsmem.stbox) RETURNS point
AS 'MODULE_PATHNAME', 'tsm_stbox_center' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.center(place tsmem.stbox) IS
'the middle of x and y, NULL if one is absent or unbounded';
CREATE FUNCTION tsmem.area(place tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_area_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.area(place tsmem.stbox) IS
'area of x and y, in square metres if geodetic; NULL if one is absent';
CREATE FUNCTION tsmem.duration(place tsmem.stbox) RETURNS interval
AS 'MODULE_PATHNAME', 'tsm_stbox_duration' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.duration(place tsmem.stbox) IS
'from t_min to t_max, NULL if time is absent or unbounded';
CREATE FUNCTION tsmem.to_box(place tsmem.stbox) RETURNS box
AS 'MODULE_PATHNAME', 'tsm_stbox_to_box' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.to_box(place tsmem.stbox) IS
'x and y as a box, NULL if one is absent';
CREATE FUNCTION tsmem.to_tstzrange(place tsmem.stbox) RETURNS tstzrange
AS 'MODULE_PATHNAME', 'tsm_stbox_to_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.to_tstzrange(place tsmem.stbox) IS
'its time as a tstzrange, NULL if absent';

-- Casts

CREATE CAST (point AS tsmem.stbox) WITH FUNCTION tsmem._stbox_from_point(point) AS ASSIGNMENT;
COMMENT ON CAST (point AS tsmem.stbox) IS 'a point in the plane';
CREATE CAST (box AS tsmem.stbox) WITH FUNCTION tsmem._stbox_from_box(box) AS ASSIGNMENT;
COMMENT ON CAST (box AS tsmem.stbox) IS 'a rectangle in the plane';
CREATE CAST (tstzrange AS tsmem.stbox) WITH FUNCTION tsmem.stbox(tstzrange) AS ASSIGNMENT;
COMMENT ON CAST (tstzrange AS tsmem.stbox) IS 'a period, without a place';
CREATE CAST (tsmem.stbox AS box) WITH FUNCTION tsmem.to_box(tsmem.stbox);
COMMENT ON CAST (tsmem.stbox AS box) IS 'x and y';
CREATE CAST (tsmem.stbox AS tstzrange) WITH FUNCTION tsmem.to_tstzrange(tsmem.stbox);
COMMENT ON CAST (tsmem.stbox AS tstzrange) IS 'its time';

-- Selectivity

CREATE FUNCTION tsmem._stbox_sel(internal, oid, internal, integer) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_sel(internal, oid, internal, integer) IS
'internal: restriction selectivity of stbox operators, counted on a sample of the column';
CREATE FUNCTION tsmem._stbox_joinsel(internal, oid, internal, smallint, internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_joinsel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_joinsel(internal, oid, internal, smallint, internal) IS
'internal: join selectivity of stbox operators, counted on samples of both columns';

-- Operators. Space is closed, time half-open; axes that only one of the boxes has are not compared; a geodetic
-- and a planar box have nothing in common.

CREATE FUNCTION tsmem._stbox_overlaps(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overlaps_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overlaps(tsmem.stbox, tsmem.stbox) IS 'internal: operator &&';
CREATE OPERATOR tsmem.&& (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overlaps,
	COMMUTATOR = &&,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&& (tsmem.stbox, tsmem.stbox) IS 'have a point in common on each axis that both have';

CREATE FUNCTION tsmem._stbox_contains(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_contains_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_contains(tsmem.stbox, tsmem.stbox) IS 'internal: operator @>';
CREATE OPERATOR tsmem.@> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_contains,
	COMMUTATOR = <@,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.@> (tsmem.stbox, tsmem.stbox) IS 'contains on each axis that both have';

CREATE FUNCTION tsmem._stbox_contained(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_contained_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_contained(tsmem.stbox, tsmem.stbox) IS 'internal: operator <@';
CREATE OPERATOR tsmem.<@ (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_contained,
	COMMUTATOR = @>,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.<@ (tsmem.stbox, tsmem.stbox) IS 'is contained on each axis that both have';

CREATE FUNCTION tsmem._stbox_same(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_same_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_same(tsmem.stbox, tsmem.stbox) IS 'internal: operator ~=';
CREATE OPERATOR tsmem.~= (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_same,
	COMMUTATOR = ~=,
	RESTRICT = eqsel, JOIN = eqjoinsel
);
COMMENT ON OPERATOR tsmem.~= (tsmem.stbox, tsmem.stbox) IS 'is the same value';

CREATE FUNCTION tsmem._stbox_adjacent(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_adjacent_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_adjacent(tsmem.stbox, tsmem.stbox) IS 'internal: operator -|-';
CREATE OPERATOR tsmem.-|- (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_adjacent,
	COMMUTATOR = -|-,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.-|- (tsmem.stbox, tsmem.stbox) IS 'touch, without having anything inside in common';

CREATE FUNCTION tsmem._stbox_left(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_left_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_left(tsmem.stbox, tsmem.stbox) IS 'internal: operator <<';
CREATE OPERATOR tsmem.<< (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_left,
	COMMUTATOR = >>,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.<< (tsmem.stbox, tsmem.stbox) IS 'ends before the other begins, on x';

CREATE FUNCTION tsmem._stbox_overleft(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overleft_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overleft(tsmem.stbox, tsmem.stbox) IS 'internal: operator &<';
CREATE OPERATOR tsmem.&< (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overleft,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&< (tsmem.stbox, tsmem.stbox) IS 'does not reach past the other''s end, on x';

CREATE FUNCTION tsmem._stbox_right(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_right_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_right(tsmem.stbox, tsmem.stbox) IS 'internal: operator >>';
CREATE OPERATOR tsmem.>> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_right,
	COMMUTATOR = <<,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.>> (tsmem.stbox, tsmem.stbox) IS 'begins after the other ends, on x';

CREATE FUNCTION tsmem._stbox_overright(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overright_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overright(tsmem.stbox, tsmem.stbox) IS 'internal: operator &>';
CREATE OPERATOR tsmem.&> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overright,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&> (tsmem.stbox, tsmem.stbox) IS 'does not begin before the other begins, on x';

CREATE FUNCTION tsmem._stbox_below(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_below_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_below(tsmem.stbox, tsmem.stbox) IS 'internal: operator <<|';
CREATE OPERATOR tsmem.<<| (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_below,
	COMMUTATOR = |>>,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.<<| (tsmem.stbox, tsmem.stbox) IS 'ends before the other begins, on y';

CREATE FUNCTION tsmem._stbox_overbelow(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overbelow_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overbelow(tsmem.stbox, tsmem.stbox) IS 'internal: operator &<|';
CREATE OPERATOR tsmem.&<| (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overbelow,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&<| (tsmem.stbox, tsmem.stbox) IS 'does not reach past the other''s end, on y';

CREATE FUNCTION tsmem._stbox_above(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_above_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_above(tsmem.stbox, tsmem.stbox) IS 'internal: operator |>>';
CREATE OPERATOR tsmem.|>> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_above,
	COMMUTATOR = <<|,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.|>> (tsmem.stbox, tsmem.stbox) IS 'begins after the other ends, on y';

CREATE FUNCTION tsmem._stbox_overabove(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overabove_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overabove(tsmem.stbox, tsmem.stbox) IS 'internal: operator |&>';
CREATE OPERATOR tsmem.|&> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overabove,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.|&> (tsmem.stbox, tsmem.stbox) IS 'does not begin before the other begins, on y';

CREATE FUNCTION tsmem._stbox_front(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_front_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_front(tsmem.stbox, tsmem.stbox) IS 'internal: operator <</';
CREATE OPERATOR tsmem.<</ (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_front,
	COMMUTATOR = />>,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.<</ (tsmem.stbox, tsmem.stbox) IS 'ends before the other begins, on z';

CREATE FUNCTION tsmem._stbox_overfront(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overfront_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overfront(tsmem.stbox, tsmem.stbox) IS 'internal: operator &</';
CREATE OPERATOR tsmem.&</ (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overfront,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&</ (tsmem.stbox, tsmem.stbox) IS 'does not reach past the other''s end, on z';

CREATE FUNCTION tsmem._stbox_back(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_back_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_back(tsmem.stbox, tsmem.stbox) IS 'internal: operator />>';
CREATE OPERATOR tsmem./>> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_back,
	COMMUTATOR = <</,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem./>> (tsmem.stbox, tsmem.stbox) IS 'begins after the other ends, on z';

CREATE FUNCTION tsmem._stbox_overback(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overback_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overback(tsmem.stbox, tsmem.stbox) IS 'internal: operator /&>';
CREATE OPERATOR tsmem./&> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overback,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem./&> (tsmem.stbox, tsmem.stbox) IS 'does not begin before the other begins, on z';

CREATE FUNCTION tsmem._stbox_before(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_before_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_before(tsmem.stbox, tsmem.stbox) IS 'internal: operator <<#';
CREATE OPERATOR tsmem.<<# (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_before,
	COMMUTATOR = #>>,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.<<# (tsmem.stbox, tsmem.stbox) IS 'ends before the other begins, in time';

CREATE FUNCTION tsmem._stbox_overbefore(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overbefore_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overbefore(tsmem.stbox, tsmem.stbox) IS 'internal: operator &<#';
CREATE OPERATOR tsmem.&<# (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overbefore,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.&<# (tsmem.stbox, tsmem.stbox) IS 'does not last past the other''s end';

CREATE FUNCTION tsmem._stbox_after(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_after_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_after(tsmem.stbox, tsmem.stbox) IS 'internal: operator #>>';
CREATE OPERATOR tsmem.#>> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_after,
	COMMUTATOR = <<#,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.#>> (tsmem.stbox, tsmem.stbox) IS 'begins after the other ends, in time';

CREATE FUNCTION tsmem._stbox_overafter(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_overafter_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_overafter(tsmem.stbox, tsmem.stbox) IS 'internal: operator #&>';
CREATE OPERATOR tsmem.#&> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_overafter,
	RESTRICT = tsmem._stbox_sel, JOIN = tsmem._stbox_joinsel
);
COMMENT ON OPERATOR tsmem.#&> (tsmem.stbox, tsmem.stbox) IS 'does not begin before the other begins, in time';

CREATE FUNCTION tsmem._stbox_distance(tsmem.stbox, tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_distance_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_distance(tsmem.stbox, tsmem.stbox) IS 'internal: operator <->';
CREATE OPERATOR tsmem.<-> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_distance,
	COMMUTATOR = <->
);
COMMENT ON OPERATOR tsmem.<-> (tsmem.stbox, tsmem.stbox) IS 'smallest distance in space, in metres if geodetic; NULL without a common axis of space';

CREATE FUNCTION tsmem._stbox_approach(tsmem.stbox, tsmem.stbox) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_approach_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_approach(tsmem.stbox, tsmem.stbox) IS 'internal: operator |=|';
CREATE OPERATOR tsmem.|=| (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_approach,
	COMMUTATOR = |=|
);
COMMENT ON OPERATOR tsmem.|=| (tsmem.stbox, tsmem.stbox) IS 'nearest approach: smallest distance in space while both exist; NULL if their times do not meet';

CREATE FUNCTION tsmem._stbox_union(tsmem.stbox, tsmem.stbox) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_union_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_union(tsmem.stbox, tsmem.stbox) IS 'internal: operator +';
CREATE OPERATOR tsmem.+ (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_union,
	COMMUTATOR = +
);
COMMENT ON OPERATOR tsmem.+ (tsmem.stbox, tsmem.stbox) IS 'smallest box around both';

CREATE FUNCTION tsmem._stbox_intersection(tsmem.stbox, tsmem.stbox) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_intersection_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_intersection(tsmem.stbox, tsmem.stbox) IS 'internal: operator *';
CREATE OPERATOR tsmem.* (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_intersection,
	COMMUTATOR = *
);
COMMENT ON OPERATOR tsmem.* (tsmem.stbox, tsmem.stbox) IS 'what both have in common, NULL if they do not overlap';

-- Total order and hash

CREATE OPERATOR tsmem.= (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_same,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR tsmem.= (tsmem.stbox, tsmem.stbox) IS 'is the same value';

CREATE FUNCTION tsmem._stbox_ne(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_ne(tsmem.stbox, tsmem.stbox) IS 'internal: operator <>';
CREATE OPERATOR tsmem.<> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR tsmem.<> (tsmem.stbox, tsmem.stbox) IS 'is another value';

CREATE FUNCTION tsmem._stbox_lt(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_lt(tsmem.stbox, tsmem.stbox) IS 'internal: operator <';
CREATE OPERATOR tsmem.< (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR tsmem.< (tsmem.stbox, tsmem.stbox) IS 'comes before, in an arbitrary total order';

CREATE FUNCTION tsmem._stbox_le(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_le(tsmem.stbox, tsmem.stbox) IS 'internal: operator <=';
CREATE OPERATOR tsmem.<= (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR tsmem.<= (tsmem.stbox, tsmem.stbox) IS 'does not come after, in an arbitrary total order';

CREATE FUNCTION tsmem._stbox_ge(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_ge(tsmem.stbox, tsmem.stbox) IS 'internal: operator >=';
CREATE OPERATOR tsmem.>= (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR tsmem.>= (tsmem.stbox, tsmem.stbox) IS 'does not come before, in an arbitrary total order';

CREATE FUNCTION tsmem._stbox_gt(tsmem.stbox, tsmem.stbox) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gt(tsmem.stbox, tsmem.stbox) IS 'internal: operator >';
CREATE OPERATOR tsmem.> (
	LEFTARG = tsmem.stbox, RIGHTARG = tsmem.stbox, FUNCTION = tsmem._stbox_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR tsmem.> (tsmem.stbox, tsmem.stbox) IS 'comes after, in an arbitrary total order';

CREATE FUNCTION tsmem._stbox_cmp(tsmem.stbox, tsmem.stbox) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_stbox_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_cmp(tsmem.stbox, tsmem.stbox) IS 'internal: total order of stbox';
CREATE FUNCTION tsmem._stbox_hash(tsmem.stbox) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_stbox_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_hash(tsmem.stbox) IS 'internal: hash of stbox';
CREATE FUNCTION tsmem._stbox_hash_extended(tsmem.stbox, bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_stbox_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_hash_extended(tsmem.stbox, bigint) IS 'internal: hash of stbox, 64 bits with a seed';

CREATE OPERATOR CLASS tsmem.stbox_ops DEFAULT FOR TYPE tsmem.stbox USING btree AS
	OPERATOR 1 tsmem.<, OPERATOR 2 tsmem.<=, OPERATOR 3 tsmem.=, OPERATOR 4 tsmem.>=, OPERATOR 5 tsmem.>,
	FUNCTION 1 tsmem._stbox_cmp(tsmem.stbox, tsmem.stbox);
COMMENT ON OPERATOR FAMILY tsmem.stbox_ops USING btree IS 'total order of stbox, for ORDER BY, DISTINCT and unique keys';
COMMENT ON OPERATOR CLASS tsmem.stbox_ops USING btree IS 'total order of stbox, for ORDER BY, DISTINCT and unique keys';

CREATE OPERATOR CLASS tsmem.stbox_ops DEFAULT FOR TYPE tsmem.stbox USING hash AS
	OPERATOR 1 tsmem.=,
	FUNCTION 1 tsmem._stbox_hash(tsmem.stbox),
	FUNCTION 2 tsmem._stbox_hash_extended(tsmem.stbox, bigint);
COMMENT ON OPERATOR FAMILY tsmem.stbox_ops USING hash IS 'equality of stbox, for hash joins and aggregates';
COMMENT ON OPERATOR CLASS tsmem.stbox_ops USING hash IS 'equality of stbox, for hash joins and aggregates';

-- Aggregate

CREATE AGGREGATE tsmem.extent(tsmem.stbox) (
	SFUNC = tsmem._stbox_union, STYPE = tsmem.stbox, COMBINEFUNC = tsmem._stbox_union, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tsmem.extent(tsmem.stbox) IS 'the smallest box around all; NULL of none';

-- GiST

CREATE FUNCTION tsmem._stbox_gist_consistent(internal, tsmem.stbox, smallint, oid, internal) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_consistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_consistent(internal, tsmem.stbox, smallint, oid, internal) IS 'internal: GiST support';
CREATE FUNCTION tsmem._stbox_gist_union(internal, internal) RETURNS tsmem.stbox
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_union' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_union(internal, internal) IS 'internal: GiST support';
CREATE FUNCTION tsmem._stbox_gist_penalty(internal, internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_penalty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_penalty(internal, internal, internal) IS 'internal: GiST support';
CREATE FUNCTION tsmem._stbox_gist_picksplit(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_picksplit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_picksplit(internal, internal) IS 'internal: GiST support';
CREATE FUNCTION tsmem._stbox_gist_same(tsmem.stbox, tsmem.stbox, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_same' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_same(tsmem.stbox, tsmem.stbox, internal) IS 'internal: GiST support';
CREATE FUNCTION tsmem._stbox_gist_distance(internal, tsmem.stbox, smallint, oid, internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_stbox_gist_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._stbox_gist_distance(internal, tsmem.stbox, smallint, oid, internal) IS 'internal: GiST support';

CREATE OPERATOR CLASS tsmem.stbox_gist_ops DEFAULT FOR TYPE tsmem.stbox USING gist AS
	OPERATOR 1 tsmem.<<, OPERATOR 2 tsmem.&<, OPERATOR 3 tsmem.&&, OPERATOR 4 tsmem.&>, OPERATOR 5 tsmem.>>,
	OPERATOR 6 tsmem.~=, OPERATOR 7 tsmem.@>, OPERATOR 8 tsmem.<@,
	OPERATOR 9 tsmem.&<|, OPERATOR 10 tsmem.<<|, OPERATOR 11 tsmem.|>>, OPERATOR 12 tsmem.|&>,
	OPERATOR 15 tsmem.<-> FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 16 tsmem.|=| FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 17 tsmem.-|-, OPERATOR 18 tsmem.=,
	OPERATOR 28 tsmem.&<#, OPERATOR 29 tsmem.<<#, OPERATOR 30 tsmem.#>>, OPERATOR 31 tsmem.#&>,
	OPERATOR 32 tsmem.&</, OPERATOR 33 tsmem.<</, OPERATOR 34 tsmem./>>, OPERATOR 35 tsmem./&>,
	FUNCTION 1 tsmem._stbox_gist_consistent(internal, tsmem.stbox, smallint, oid, internal),
	FUNCTION 2 tsmem._stbox_gist_union(internal, internal),
	FUNCTION 5 tsmem._stbox_gist_penalty(internal, internal, internal),
	FUNCTION 6 tsmem._stbox_gist_picksplit(internal, internal),
	FUNCTION 7 tsmem._stbox_gist_same(tsmem.stbox, tsmem.stbox, internal),
	FUNCTION 8 tsmem._stbox_gist_distance(internal, tsmem.stbox, smallint, oid, internal);
COMMENT ON OPERATOR FAMILY tsmem.stbox_gist_ops USING gist IS 'all operators of stbox, ordering by distance and by nearest approach';
COMMENT ON OPERATOR CLASS tsmem.stbox_gist_ops USING gist IS 'all operators of stbox, ordering by distance and by nearest approach';
