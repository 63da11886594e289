-- Owns: the platform extensions that dispatch and the watchdog need on a Supabase project.
-- Called by: the Supabase CLI, once. Left out on a plain PostgreSQL target, where the command line
--   dispatches by NOTIFY and sweeps by itself.
-- Keeps: nothing else in these migrations creates an extension.
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_net with schema extensions;
