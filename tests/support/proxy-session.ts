/**
 * Follows one PostgreSQL session from its bytes: who it is, whether a COPY runs, how many answers
 * are owed, and whether the statement whose answer is to be lost has just been sent.
 */
import { cString, messageReader, normalised, startupParameters, type WireMessage } from './wire.ts'

export type CopyDirection = 'in' | 'out'

export interface Session {
  /** Start-up parameters (`user`, `database`, `application_name`, …); undefined until they were seen. */
  readonly parameters: Readonly<Record<string, string>> | undefined
  /** Direction of the COPY that runs now, seen from the server: `in` loads, `out` reads. */
  readonly copying: CopyDirection | undefined
  /** Bytes of COPY data of the running or else the last COPY. */
  readonly copied: number
  /** Reads bytes on their way to the server. */
  clientSent(chunk: Buffer): void
  /** Reads bytes of the server and says how many of them still belong to the client. */
  serverSent(chunk: Buffer): ServerVerdict
  /** True between a watched statement's departure and the end of its answer. */
  readonly withholding: boolean
}

export interface ServerVerdict {
  /** Leading bytes of the chunk to pass on; what follows answers the watched statement. */
  readonly pass: number
  /** `done`: the server finished the watched statement; `failed`: it refused it. */
  readonly outcome?: 'done' | 'failed'
}

interface State {
  parameters: Record<string, string> | undefined
  copying: CopyDirection | undefined
  copied: number
  /** Encrypted or cancelling: nothing can be read any more. */
  opaque: boolean
  /** The server's next byte answers an encryption request and is no message. */
  negotiating: boolean
  /** Ready-for-query messages owed by the server, and received so far. */
  owed: number
  received: number
  readonly isWatched: (statement: string) => boolean
  /** Number of the ready-for-query that ends the watched statement's answer. */
  withheld: number | undefined
  commits: boolean
  refused: boolean
  readonly prepared: Map<string, string>
  readonly portals: Map<string, string>
}

/** @param isWatched asked for every statement as it leaves, as `normalised` gives it */
export function followSession(isWatched: (statement: string) => boolean): Session {
  const state: State = {
    parameters: undefined,
    copying: undefined,
    copied: 0,
    opaque: false,
    negotiating: false,
    owed: 0,
    received: 0,
    isWatched,
    withheld: undefined,
    commits: false,
    refused: false,
    prepared: new Map(),
    portals: new Map(),
  }
  const client = messageReader(() => state.parameters === undefined)
  const server = messageReader(() => false)

  return {
    get parameters() {
      return state.parameters
    },
    get copying() {
      return state.copying
    },
    get copied() {
      return state.copied
    },
    get withholding() {
      return state.withheld !== undefined
    },
    clientSent(chunk) {
      if (state.opaque) return
      for (const message of client.feed(chunk)) readClient(state, message)
    },
    serverSent(chunk) {
      if (state.opaque) return { pass: chunk.length }
      if (!state.negotiating) return readServer(state, server.feed(chunk))
      state.negotiating = false
      state.opaque = chunk[0] === 'S'.charCodeAt(0)
      return { pass: chunk.length }
    },
  }
}

/** Whether everything the server says from here on answers the watched statement. */
function answers(state: State): boolean {
  return state.withheld !== undefined && state.received === state.withheld - 1
}

function readServer(state: State, messages: readonly WireMessage[]): ServerVerdict {
  let pass = answers(state) ? 0 : Number.POSITIVE_INFINITY
  for (const message of messages) {
    const outcome = readAnswer(state, message)
    if (outcome) return { pass: outcome === 'failed' ? Number.POSITIVE_INFINITY : pass, outcome }
    if (answers(state) && pass === Number.POSITIVE_INFINITY) pass = message.end
  }
  return { pass }
}

function readClient(state: State, { type, body, length }: WireMessage): void {
  switch (type) {
    case 'startup':
      state.parameters = startupParameters(body)
      if (state.parameters) state.owed += 1
      else if (length === 8) state.negotiating = true
      else state.opaque = true
      return
    case 'Q':
      sent(state, cString(body).text)
      state.owed += 1
      return
    case 'P': {
      const name = cString(body)
      state.prepared.set(name.text, cString(body, name.next).text)
      return
    }
    case 'B': {
      const portal = cString(body)
      const statement = cString(body, portal.next).text
      state.portals.set(portal.text, state.prepared.get(statement) ?? '')
      return
    }
    case 'E':
      sent(state, state.portals.get(cString(body).text) ?? '')
      return
    case 'S':
      // The server skips a Sync that it finds among COPY data.
      if (state.copying !== 'in') state.owed += 1
      return
    case 'd':
      if (state.copying === 'in') state.copied += length - 5
      return
  }
}

function sent(state: State, statement: string): void {
  const text = normalised(statement)
  if (state.withheld !== undefined || !state.isWatched(text)) return
  state.withheld = state.owed + 1
  state.commits = text === 'commit'
  state.refused = false
}

function readAnswer(state: State, { type, body, length }: WireMessage): ServerVerdict['outcome'] {
  switch (type) {
    case 'G':
    case 'H':
      state.copying = type === 'G' ? 'in' : 'out'
      state.copied = 0
      return undefined
    case 'd':
      state.copied += length - 5
      return undefined
    case 'E':
      if (answers(state)) state.refused = true
      state.copying = undefined
      return undefined
    case 'C':
      // A failed transaction answers its COMMIT with ROLLBACK: nothing was committed.
      if (answers(state) && state.commits && cString(body).text === 'ROLLBACK') state.refused = true
      state.copying = undefined
      return undefined
    case 'c':
      state.copying = undefined
      return undefined
    case 'Z':
      return ready(state)
  }
  return undefined
}

function ready(state: State): ServerVerdict['outcome'] {
  state.copying = undefined
  state.received += 1
  if (state.withheld !== state.received) return undefined
  state.withheld = undefined
  return state.refused ? 'failed' : 'done'
}
