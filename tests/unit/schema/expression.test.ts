import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { portableText } from '../../../shared/schema/expression.ts'
import { tokens } from '../../../shared/schema/sql-tokens.ts'
import type { CatalogUse } from '../../../shared/source/catalog-rows-attached.ts'

const use = (
  kind: CatalogUse['kind'],
  name: string,
  extension: string | null = null,
): CatalogUse => ({
  kind,
  oid: name,
  schema: 'public',
  name,
  printed: kind === 'sequence' ? `public."${name}"` : null,
  extension,
})

const moved = (text: string, ...uses: CatalogUse[]) =>
  portableText({ text, uses, columns: [] }, ({ name, kind }) =>
    kind === 'function' ? undefined : { schema: 'x y', name: kind === 'sequence' ? 'seq' : name },
  )

describe('an expression in the target', () => {
  it('names types, operators, collations and sequences as the target does', () => {
    expect(moved(`('a'::public.mood = x.public)`, use('type', 'mood'))).toBe(
      `('a'::"x y"."mood" = x.public)`,
    )
    expect(moved('(c OPERATOR(public.~*) d)', use('operator', '~*'))).toBe(
      '(c OPERATOR("x y".~*) d)',
    )
    expect(moved('(c COLLATE public."De")', use('collation', 'De'))).toBe('(c COLLATE "x y"."De")')
    expect(moved(`nextval('public."My seq"'::regclass)`, use('sequence', 'My seq'))).toBe(
      `nextval('"x y"."seq"'::regclass)`,
    )
  })

  it('leaves literals, quoted names and other names alone', () => {
    const text = `(('public.mood'::text || "public.mood") || E'\\'public.mood') <> (y).public.mood`
    expect(moved(`${text} || 'a'::public.mood`, use('type', 'mood'))).toBe(
      `${text} || 'a'::"x y"."mood"`,
    )
  })

  it('is refused where it uses what the target lacks, or names it in a way that is not understood', () => {
    expect(moved('public.own()', use('function', 'own'))).toBeUndefined()
    expect(moved(`'public.mood'::regtype`, use('type', 'mood'))).toBeUndefined()
    expect(moved(`nextval(('s'::text)::regclass)`)).toBeUndefined()
  })

  it('is cut into words that are the text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(
          tokens(text)
            .map((word) => word.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})
