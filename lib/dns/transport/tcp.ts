import { connect, type Socket } from 'node:net'
import { dnsFault } from '../faults.ts'
import { serverText } from '../servers.ts'
import { closedError, Pending, refuseIf, unreachable } from './pending.ts'
import type { DnsTransport, Exchange, TransportPorts } from './transport.ts'
import { withId } from './udp.ts'

/** DNS over TCP (RFC 7766), a connection a question: it serves the few answers that are too long for UDP. */
export function createTcpTransport(ports: TransportPorts): DnsTransport {
  const open = new Set<Pending>()
  let closed = false
  return {
    async exchange(exchange) {
      refuseIf(closed, exchange.signal)
      return await ask(exchange, ports, open)
    },
    close: () => {
      closed = true
      for (const pending of [...open]) pending.fail(closedError())
    },
  }
}

function ask<T>(exchange: Exchange<T>, { clock, random }: TransportPorts, open: Set<Pending>): Promise<T> {
  return new Promise<unknown>((resolve, reject) => {
    const { server, query } = exchange
    const id = Buffer.from(random.bytes(2)).readUInt16BE(0)
    const socket = connect({ host: server.address, port: server.port, noDelay: true })
    const pending: Pending = new Pending(exchange, clock, { resolve, reject }, () => {
      open.delete(pending)
      socket.destroy()
    })
    open.add(pending)
    socket.on('error', (error) => pending.fail(unreachable(server, error)))
    socket.on('close', () => pending.fail(unreachable(server, new Error('the connection was closed'))))
    receiveFrames(socket, (message) => {
      // Nobody else can write into this connection, so a wrong message is the server's fault.
      if (message.length >= 2 && message.readUInt16BE(0) === id && pending.receive(message)) return
      pending.fail(
        dnsFault('DNS_MALFORMED', `${serverText(server)} answered another question over TCP than was asked`),
      )
    })
    const framed = Buffer.alloc(2 + query.length)
    framed.writeUInt16BE(query.length, 0)
    withId(query, id).copy(framed, 2)
    socket.write(framed)
  }) as Promise<T>
}

/** Cuts the stream into messages: two octets of length, then the message (RFC 1035, section 4.2.2). */
function receiveFrames(socket: Socket, onMessage: (message: Buffer) => void): void {
  let parts: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    length += chunk.length
    if (length < 2) return
    let whole = parts.length === 1 ? chunk : Buffer.concat(parts)
    while (whole.length >= 2 && whole.length >= 2 + whole.readUInt16BE(0)) {
      const end = 2 + whole.readUInt16BE(0)
      onMessage(whole.subarray(2, end))
      whole = whole.subarray(end)
    }
    parts = whole.length > 0 ? [whole] : []
    length = whole.length
  })
}
