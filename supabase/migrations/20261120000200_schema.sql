-- Owns: the private schema, its clock and its error vocabulary.
-- Called by: every later file.
-- Keeps: leases, back-off and stored times come from one clock, the target database's.
create schema if not exists migration;
comment on schema migration is
  'Supaferry''s control plane: the state machine of every migration. Private: never expose it through the Data API.';
revoke all on schema migration from public;

create function migration.clock() returns timestamptz
language sql volatile set search_path = '' as $$
  select pg_catalog.clock_timestamp()
$$;
comment on function migration.clock() is
  'The only clock of leases, back-off and stored times. Tests replace it; nothing else reads the time.';

-- Own SQLSTATEs, so that no caller has to read message text:
--   SF001 fenced: the batch is not (any longer) held by this attempt     SF401 nonce refused
--   SF002 accounting: rows read, loaded and refused do not add up        SF404 unknown id
--   SF409 illegal in the present state                                   SF422 unusable argument
create function migration._raise(p_sqlstate text, p_code text, p_message text, p_hint text default null)
returns void language plpgsql set search_path = '' as $$
begin
  raise exception using
    errcode = p_sqlstate, message = p_message, hint = coalesce(p_hint, ''), detail = p_code;
end
$$;
comment on function migration._raise(text, text, text, text) is
  'Raises an error of the control plane: own SQLSTATE, stable code in DETAIL, what to do in HINT.';

create function migration._backoff(p_failures integer) returns interval
language sql immutable set search_path = '' as $$
  select pg_catalog.make_interval(secs => least(30, 2 ^ least(greatest(p_failures, 1) - 1, 5)))
$$;
comment on function migration._backoff(integer) is
  'Wait before the next try: 1, 2, 4, 8, 16, then 30 seconds.';

do $do$
begin
  if current_setting('server_version_num')::integer >= 160000 then
    execute $sql$
      create function migration.input_is_valid(p_value text, p_type text) returns boolean
      language sql stable set search_path = '' as $$ select pg_catalog.pg_input_is_valid(p_value, p_type) $$ $sql$;
  else
    execute $sql$
      create function migration.input_is_valid(p_value text, p_type text) returns boolean
      language plpgsql stable set search_path = '' as $$
      begin
        -- the most common ones without a subtransaction
        if p_type in ('smallint', 'integer', 'bigint', 'numeric') and p_value ~ '^-?[0-9]{1,4}$' then
          return true;
        end if;
        execute format('select %L::%s', p_value, p_type);
        return p_value is not null or null;
      exception when data_exception or integrity_constraint_violation or syntax_error or program_limit_exceeded or feature_not_supported then
        return false;
      end
      $$ $sql$;
  end if;
end
$do$;
comment on function migration.input_is_valid(text, text) is
  'Whether a text reads as a value of a type, which the compiler names; null for null. Never raises for a value.';
