-- Owns: keeping a checked plan's mappings without a migration.
-- Called by: function plan (save).
-- Keeps: of the versions of one mapping, the one that was saved last is active.
create function migration.save_plan(p_entities jsonb, p_version text, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_saved integer;
begin
  perform migration._save_mappings(p_entities, p_version);
  select count(*) into v_saved from jsonb_array_elements(p_entities) p
    join migration.entity_mappings m on m.source_entity = p ->> 'entity_name'
     and m.destination_entity = p ->> 'target_entity' and m.version = p_version;
  perform migration.audit(p_actor, 'plan.saved', null, jsonb_build_object('version', p_version, 'mappings', v_saved));
  return jsonb_build_object('version', p_version, 'saved', v_saved);
end
$$;
comment on function migration.save_plan(jsonb, text, text) is
  'Keeps what the mapped entities of a plan were compiled to, as a version of each; entities as migration.start has them. How many. SF422 where dependencies form a circle.';
