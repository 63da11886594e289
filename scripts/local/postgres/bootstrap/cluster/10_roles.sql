-- Owns: the roles of a hosted project, once per server. Run by the bootstrap superuser `supabase_admin`.
-- Invariant: `postgres`, which migrations and functions connect as, is no superuser.
create role postgres login password 'postgres' nosuperuser createdb createrole replication bypassrls;
create role anon nologin inherit;
create role authenticated nologin inherit;
create role service_role nologin inherit bypassrls;
create role authenticator login password 'postgres' noinherit;
create role supabase_auth_admin login noinherit createrole;
create role supabase_storage_admin login noinherit createrole;
create role supabase_realtime_admin login noinherit replication;
create role supabase_functions_admin login noinherit createrole;
create role supabase_read_only_user login bypassrls;
create role dashboard_user nologin createdb createrole replication;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
grant pg_create_subscription to postgres;
grant pg_read_all_data to supabase_read_only_user;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;

-- A hosted project lets `postgres` set these; here parameter privileges do the same.
grant set on parameter session_replication_role, log_min_messages, log_min_duration_statement, track_io_timing to postgres;
