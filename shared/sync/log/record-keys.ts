/** Keys on their way into `migration.changed_keys`: framed COPY text, as much at a time as a frame holds. */
import type { CopySink, Moved } from '../../wire/copy-sink.ts'
import { headerBytes, message } from '../../wire/frames.ts'

export const recordStatement =
  'copy migration.changed_keys (migration_id, entity_status_id, source_key, noted_at, batch_id) from stdin'

/** Characters of one frame. */
const frameLength = 65_536
const encoder = new TextEncoder()

export interface Noted {
  readonly migrationId: string
  /** Server text of the time. */
  readonly at: string
  /** How many keys of an entity one batch may read again. */
  readonly batchKeys: (entity: string) => number
}

/** Keys are dealt out to batches on their way: to do that afterwards would write each of them a second time. */
export async function sendKeys(
  sink: CopySink,
  touched: ReadonlyMap<string, ReadonlySet<string>>,
  { migrationId, at, batchKeys }: Noted,
): Promise<Moved> {
  const moved = { rows: 0, bytes: 0, waited_ms: 0 }
  let lines = ''
  const send = async () => {
    const frame = framed(lines)
    moved.bytes += frame.length - headerBytes
    lines = ''
    if (!sink.write(frame)) await sink.drained()
  }
  for (const [entity, keys] of touched) {
    const limit = batchKeys(entity)
    let batch = ''
    let dealt = 0
    for (const key of keys) {
      if (dealt % limit === 0) batch = crypto.randomUUID()
      dealt += 1
      // JSON has no tab or line feed of its own; its backslashes would be read as COPY's
      lines += `${migrationId}\t${entity}\t${key.replaceAll('\\', '\\\\')}\t${at}\t${batch}\n`
      moved.rows += 1
      if (lines.length >= frameLength) await send()
    }
  }
  if (lines !== '') await send()
  return moved
}

function framed(text: string): Uint8Array {
  const body = encoder.encode(text)
  const frame = new Uint8Array(headerBytes + body.length)
  frame[0] = message.copyData
  new DataView(frame.buffer).setUint32(1, body.length + 4)
  frame.set(body, headerBytes)
  return frame
}
