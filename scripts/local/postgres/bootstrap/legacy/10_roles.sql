-- Owns: the roles of the legacy source, once per server. Run by its superuser `postgres`.
-- A migration needs no more than to read everything, row security included.
create role legacy_reader login password 'postgres' bypassrls;
grant pg_read_all_data to legacy_reader;
