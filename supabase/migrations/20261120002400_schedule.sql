-- Owns: the clockwork: the sweep and the daily housekeeping.
-- Called by: pg_cron. Left out on a plain PostgreSQL target.
-- Keeps: one job a name, so that applying this again changes nothing.
select cron.schedule('supaferry-watchdog', '10 seconds', 'select migration.watchdog()');
select cron.schedule('supaferry-housekeeping', '23 3 * * *', 'select migration.housekeeping()');
select cron.schedule('supaferry-purge-cron-log', '53 3 * * *',
  $$delete from cron.job_run_details d using cron.job j
     where j.jobid = d.jobid and j.jobname like 'supaferry-%' and d.end_time < now() - interval '2 days'$$);
