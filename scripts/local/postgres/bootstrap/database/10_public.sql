-- Owns: the schema public. A hosted project grants nothing on new tables to anon and authenticated any
-- more, so there are no default privileges: every migration states its grants.
grant usage on schema public to postgres, anon, authenticated, service_role;
