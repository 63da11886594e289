-- Owns: what belongs to a database as a whole and is not cloned with it: its owner and its timeout.
-- The database's name comes in as the setting `ferry.database`.
do $$
declare
  v_database text := current_setting('ferry.database');
begin
  execute format('alter database %I owner to postgres', v_database);
  execute format('alter database %I set statement_timeout = %L', v_database, '2min');
  execute format('grant all on database %I to postgres', v_database);
end
$$;
