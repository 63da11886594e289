-- Owns: who may touch the control plane on a server without a hosted project's roles: its owner.
-- Called by: `ferry run`, after the files of supabase/migrations that the server can take.
-- Keeps: nothing for public; a role that is granted something later still sees no row.
revoke all on schema migration from public;
revoke all on all tables in schema migration from public;
revoke all on all functions in schema migration from public;
do $$
declare
  v_table regclass;
begin
  for v_table in
    select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace = 'migration'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
  loop
    execute format('alter table %s enable row level security', v_table);
  end loop;
end
$$;
