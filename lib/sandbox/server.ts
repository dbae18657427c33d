import { createServer, type Server } from 'node:http'
import { configError } from '../errors.ts'
import { answerRequest, type ExchangeParts } from './exchange.ts'

const HOST = '127.0.0.1'
/** Longer than usual clients keep idle connections, so that none is cut just when it is used again. */
const KEEP_ALIVE_MS = 65_000

/** A listening HTTP server. */
export interface RunningServer {
  readonly port: number
  readonly url: string
  /** Cuts all connections. */
  close(): Promise<void>
}

/**
 * Starts the HTTP side on 127.0.0.1.
 *
 * @throws `CONFIG_INVALID` with `details.field` `port` when the port is taken or not allowed.
 */
export async function startServer(
  port: number,
  parts: Omit<ExchangeParts, 'url' | 'signal'>,
): Promise<RunningServer> {
  const stop = new AbortController()
  const server = createServer((request, response) => {
    void answerRequest(request, response, { ...parts, url, signal: stop.signal })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const bound = await listen(server, port)
  const url = `http://${HOST}:${bound}`
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
      stop.abort() // scripted delays
    }))
  return { port: bound, url, close }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)))
    server.listen(port, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function portError(port: number, cause: NodeJS.ErrnoException): Error {
  const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code ?? cause.message})`
  return configError(
    'port',
    `Port ${port} ${why}: stop the other program, or choose another port (0 for any)`,
    cause,
  )
}
