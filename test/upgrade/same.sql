-- All that must be the same before and after pg_upgrade.
SET search_path = pg_catalog;
SET timezone = 'UTC';
SELECT t, r FROM (
	SELECT 'account' t, to_jsonb(x)::text r FROM public.account x
	UNION ALL SELECT 'history', to_jsonb(x)::text FROM public.account_history x
	UNION ALL SELECT 'odd', to_jsonb(x)::text FROM "odd Schema"."we""ird Tab.le_versions" x
	UNION ALL SELECT 'part', to_jsonb(x)::text FROM public.part_versions x
	UNION ALL SELECT 'each', to_jsonb(x)::text FROM public.each_1_past x
	UNION ALL SELECT 'then ' || p.name, to_jsonb(x)::text FROM public.points p, public.account_as_of(p.at) x
	UNION ALL SELECT 'part then ' || p.name, to_jsonb(x)::text FROM public.points p, tsmem.as_of(NULL::public.part, p.at) x
	UNION ALL SELECT 'view', to_jsonb(x)::text FROM public.own_view x
	UNION ALL SELECT 'registry', to_jsonb(x)::text FROM tsmem.versioned_tables x
	UNION ALL SELECT 'periods', to_jsonb(x)::text FROM tsmem.periods x
	UNION ALL SELECT 'keys', to_jsonb(x)::text FROM tsmem.temporal_keys x
) s ORDER BY 1, 2;
SELECT tgrelid::regclass, tgname, tgenabled, tgtype FROM pg_trigger WHERE tgname LIKE '~tsmem%' ORDER BY tgrelid::regclass::text, tgname;
SELECT polrelid::regclass, polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid) FROM pg_policy
	JOIN pg_class c ON c.oid = polrelid WHERE relnamespace = 'public'::regnamespace ORDER BY polrelid::regclass::text, polname;
-- 17 brought the right m.
SELECT c.oid::regclass, relowner::regrole, replace(relacl::text, 'xtm/', 'xt/'), relrowsecurity, relkind FROM pg_class c
	WHERE relnamespace::regnamespace::text IN ('public', '"odd Schema"') AND relkind IN ('r', 'v', 'p') ORDER BY c.oid::regclass::text;
SELECT evtname, evtenabled FROM pg_event_trigger ORDER BY 1;
SELECT to_jsonb(x)::text FROM public.folded_versions x ORDER BY 1;
SELECT to_jsonb(x)::text FROM public.by_name_versions x ORDER BY 1;
SELECT to_jsonb(x)::text FROM public.by_name_history x WHERE k = 'name 7' AND n = 7;
SELECT to_jsonb(x)::text FROM tsmem.segment_columns x ORDER BY 1;
SELECT to_jsonb(x)::text FROM tsmem.segment_tables x ORDER BY 1;
SELECT 'problem', v.problem FROM tsmem.verify('public.folded') v UNION ALL SELECT 'problem', v.problem FROM tsmem.verify('public.by_name') v;
