/** The gateway's end of an isolate's control socket. */
import { createServer, type Socket } from 'node:net'
import { z } from 'zod'

const Message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello') }),
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('pending'), pending: z.number(), sequence: z.number() }),
])
export type ControlMessage = z.infer<typeof Message>

export interface Control {
  beforeUnload(reason: string): void
  /** The isolate ends itself when its socket closes. */
  close(): void
}

export async function openControl(
  path: string,
  receive: (message: ControlMessage) => void,
): Promise<Control> {
  let connection: Socket | undefined
  const server = createServer((socket) => {
    connection = socket
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) receive(Message.parse(JSON.parse(line)))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    beforeUnload: (reason) =>
      connection?.write(`${JSON.stringify({ type: 'beforeunload', reason })}\n`),
    close: () => {
      connection?.destroy()
      server.close()
    },
  }
}
