import { describe, expect, it } from 'vitest'
import {
  entityNamespace,
  nameUuid,
  nameUuidSql,
  systemNamespace,
  urlNamespace,
} from '../../../shared/projection/name-uuid.ts'

describe('UUIDs of names', () => {
  // Made with uuid.uuid3 of Python; the first is the example of RFC 9562.
  it.each([
    [
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      'www.example.com',
      '5df41881-3aed-3515-88a7-2f4a814cf09e',
    ],
    [urlNamespace, 'urn:supaferry:legacy', '0ae4cc83-54df-3970-b84d-293999b4d8f7'],
    [urlNamespace, '', '14cdb9b4-de01-3faa-aff5-65bc2f771745'],
    [
      '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
      `ärger 🚢 '"\\`,
      'ffbde22e-174a-393d-8206-98428213e0b5',
    ],
    [
      '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
      '["1", "a\\"b"]',
      '8d81f888-6654-3840-8c14-07bd3421e70b',
    ],
  ])('are those of the RFC: %s %s', (namespace, name, uuid) => {
    expect(nameUuid(namespace, name)).toBe(uuid)
    expect(nameUuid(namespace.toUpperCase(), name)).toBe(uuid)
  })

  it('lie in the namespace of their table in that of their system', () => {
    expect(systemNamespace('clinic')).toBe('5daa3060-22ad-3889-a0b5-29b5ae75ea05')
    expect(entityNamespace('clinic', 'public.patients')).toBe(
      'a4941b0b-ba03-32bd-9521-f0ac19337796',
    )
    expect(nameUuid(entityNamespace('clinic', 'public.patients'), '42')).toBe(
      '709c3f92-c067-3fb2-a2f1-c9f1018d0b94',
    )
  })

  it('take no namespace that is none', () => {
    for (const wrong of ['', 'x', '6ba7b8109dad11d180b400c04fd430c8', `${urlNamespace}'`]) {
      expect(() => nameUuid(wrong, 'a')).toThrow(TypeError)
      expect(() => nameUuidSql(wrong, 's.s0')).toThrow(TypeError)
    }
  })
})
