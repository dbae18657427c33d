import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** One request as a stub server got it. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server of a test on a loopback port, over real sockets. */
export interface StubServer {
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** Connections that were opened since the start. */
  readonly connections: () => number
  close(): Promise<void>
}

/** What a stub answers; the response may also be written by hand. */
type Answer = (request: Received, response: ServerResponse, count: number) => void | Promise<void>

/** Starts a server on 127.0.0.1, or another address; `answer` gets the request with its body, and how many came before it. */
export async function startServer(
  answer: Answer,
  make: (listener: RequestListener) => Server = createServer,
  at: { readonly address?: string; readonly port?: number } = {},
): Promise<StubServer> {
  const { address = '127.0.0.1' } = at
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let opened = 0
  const server = make((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url = '', headers } = request
      const entry = { method, url, headers, body }
      received.push(entry)
      return answer(entry, response, received.length - 1)
    })
  })
  server.on('connection', (socket: Socket) => {
    opened += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(at.port ?? 0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address}:${port}`,
    port,
    received,
    connections: () => opened,
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** Ends a response with JSON. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
