-- Owns: Vault, which a new project has from the start.
create schema vault authorization supabase_admin;
create extension supabase_vault with schema vault;
