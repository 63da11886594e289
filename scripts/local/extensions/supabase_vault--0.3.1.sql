-- Owns: the stand-in for supabase_vault 0.3.1. Same tables, signatures and privileges; the cipher is
-- pgcrypto's instead of libsodium's, with a key that is no secret. Callers: `postgres`, `service_role`.
-- Invariant: a secret is stored encrypted and bound to its row's id; only these functions write it.
create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default extensions.gen_random_bytes(16),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create unique index secrets_name_idx on vault.secrets (name) where name is not null;

create function vault._crypto_aead_det_encrypt(
  message bytea, additional bytea, key_id bigint,
  context bytea default 'pgsodium'::bytea, nonce bytea default null
) returns bytea language sql volatile set search_path = '' as $$
  select extensions.pgp_sym_encrypt_bytea(
    message, concat_ws('/', 'embedded-project', encode(additional, 'hex'), key_id, encode(context, 'hex'))
  )
$$;

create function vault._crypto_aead_det_decrypt(
  message bytea, additional bytea, key_id bigint,
  context bytea default 'pgsodium'::bytea, nonce bytea default null
) returns bytea language sql stable set search_path = '' as $$
  select extensions.pgp_sym_decrypt_bytea(
    message, concat_ws('/', 'embedded-project', encode(additional, 'hex'), key_id, encode(context, 'hex'))
  )
$$;

create view vault.decrypted_secrets as
  select
    s.id, s.name, s.description, s.secret,
    convert_from(
      vault._crypto_aead_det_decrypt(
        decode(s.secret, 'base64'), convert_to(s.id::text, 'utf8'), 0, 'pgsodium'::bytea, s.nonce
      ),
      'utf8'
    ) as decrypted_secret,
    s.key_id, s.nonce, s.created_at, s.updated_at
  from vault.secrets s;

create function vault.create_secret(
  new_secret text, new_name text default null, new_description text default '',
  new_key_id uuid default null
) returns uuid language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid := gen_random_uuid();
begin
  insert into vault.secrets (id, secret, name, description)
  values (
    v_id,
    encode(
      vault._crypto_aead_det_encrypt(convert_to(new_secret, 'utf8'), convert_to(v_id::text, 'utf8'), 0),
      'base64'
    ),
    new_name,
    new_description
  );
  return v_id;
end
$$;

create function vault.update_secret(
  secret_id uuid, new_secret text default null, new_name text default null,
  new_description text default null, new_key_id uuid default null
) returns void language plpgsql security definer set search_path = '' as $$
begin
  update vault.secrets s
     set secret = case
           when new_secret is null then s.secret
           else encode(
             vault._crypto_aead_det_encrypt(
               convert_to(new_secret, 'utf8'), convert_to(s.id::text, 'utf8'), 0
             ),
             'base64'
           )
         end,
         name = coalesce(new_name, s.name),
         description = coalesce(new_description, s.description),
         updated_at = now()
   where s.id = secret_id;
end
$$;

revoke all on all functions in schema vault from public;
grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;
grant select, delete, truncate, references on vault.secrets, vault.decrypted_secrets
  to postgres with grant option;
grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant execute on function
  vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt
  to postgres with grant option;
grant execute on function
  vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt
  to service_role;
