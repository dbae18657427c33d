import assert from 'node:assert/strict'
import { parseServer } from '../../../lib/dns/servers.ts'
import { Connection, createConnections, type Place } from '../../../lib/dns/transport/connections.ts'
import type { Pending } from '../../../lib/dns/transport/pending.ts'
import type { DnsTransport, Exchange } from '../../../lib/dns/transport/transport.ts'
import { systemRandom } from '../../../lib/system.ts'
import { handClock } from '../../support/hand-clock.ts'
import { failure } from './fakes.ts'

/** A connection without a socket. */
class Line extends Connection {
  readonly sent: Pending[] = []
  readonly said: string[] = []
  room = Infinity

  protected hasRoom(): boolean {
    return this.sent.length < this.room
  }

  protected isTaken(): boolean {
    return false
  }

  protected send(pending: Pending): void {
    this.sent.push(pending)
  }

  protected forget(): void {
    this.said.push('forget')
  }

  protected rest(isAtRest: boolean): void {
    this.said.push(isAtRest ? 'rest' : 'wake')
  }

  protected end(): void {
    this.said.push('end')
  }

  goAway(): void {
    this.leave()
  }
}

describe('the connections of a transport', () => {
  const server = parseServer('192.0.2.1')!
  const message = Buffer.from('answer')
  const exchange = (more: Partial<Exchange<string>> = {}): Exchange<string> => ({
    server,
    query: Buffer.alloc(12),
    read: (said) => said.toString(),
    timeoutMs: 1000,
    ...more,
  })

  function world(idleMs = 5000, room = Infinity) {
    const clock = Object.assign(handClock(), { now: () => 0, sleep: () => Promise.resolve() })
    const lines: Line[] = []
    const open = (place: Place): Line => {
      const line = new Line(place)
      line.room = room
      lines.push(line)
      return line
    }
    const ports = { clock, random: systemRandom, soon: (callback: () => void) => callback() }
    const transport: DnsTransport = createConnections(ports, idleMs, open)
    return { clock, lines, transport }
  }

  it('are closed after their idle time, which begins anew with each question', async () => {
    const { clock, lines, transport } = world()
    for (let n = 0; n < 3; n += 1) {
      const asked = transport.exchange(exchange())
      lines[0]!.sent[n]!.receive(message)
      assert.equal(await asked, 'answer')
      clock.pass(4900)
    }
    assert.equal(lines.length, 1)
    const slow = transport.exchange(exchange({ timeoutMs: 60_000 }))
    clock.pass(50_000)
    lines[0]!.sent[3]!.receive(message)
    assert.equal(await slow, 'answer')
    clock.pass(4999)
    assert.equal(lines[0]!.said.at(-1), 'rest')
    clock.pass(1)
    assert.equal(lines[0]!.said.at(-1), 'end')
    void transport.exchange(exchange()).catch(() => undefined)
    assert.equal(lines.length, 2)
    transport.close()
  })

  it('are closed with their last question where there is no idle time', async () => {
    const { lines, transport } = world(0)
    const both = [transport.exchange(exchange()), transport.exchange(exchange())]
    lines[0]!.sent[0]!.receive(message)
    assert.deepEqual(lines[0]!.said, ['forget'])
    lines[0]!.sent[1]!.receive(message)
    assert.deepEqual(lines[0]!.said, ['forget', 'forget', 'end'])
    await Promise.all(both)
  })

  it('that have left get no more questions, but may answer theirs; then they are closed', async () => {
    const { lines, transport } = world()
    const first = transport.exchange(exchange())
    lines[0]!.goAway()
    const second = transport.exchange(exchange())
    assert.equal(lines.length, 2)
    lines[0]!.sent[0]!.receive(message)
    assert.equal(await first, 'answer')
    assert.equal(lines[0]!.said.at(-1), 'end')
    transport.close()
    assert.equal((await failure(second)).code, 'ABORTED')
  })

  it('that have left end with their transport too', async () => {
    const { lines, transport, clock } = world()
    const asked = transport.exchange(exchange())
    lines[0]!.goAway()
    transport.close()
    assert.equal((await failure(asked)).code, 'ABORTED')
    assert.deepEqual(lines[0]!.said, ['end', 'forget'])
    assert.equal(clock.timers, 0)
  })

  it('share one timer for all deadlines, and each question has its own', async () => {
    const { clock, lines, transport } = world()
    const codes: string[] = []
    const ask = (timeoutMs: number) =>
      transport.exchange(exchange({ timeoutMs })).catch((error: unknown) => {
        codes.push(`${(error as { code: string }).code} ${timeoutMs}`)
      })
    const all = [3000, 1000, 2000].map(ask)
    assert.equal(clock.timers, 1)
    clock.pass(999)
    assert.equal(lines[0]!.said.length, 0)
    clock.pass(1)
    await Promise.resolve()
    assert.equal(lines[0]!.said.length, 1)
    clock.pass(2000)
    await Promise.all(all)
    assert.deepEqual(codes, ['DNS_TIMEOUT 1000', 'DNS_TIMEOUT 2000', 'DNS_TIMEOUT 3000'])
    transport.close()
  })

  it('that are full are followed by the next, 512 open at most', () => {
    const { lines, transport } = world(0, 1)
    for (let n = 0; n < 1000; n += 1) void transport.exchange(exchange()).catch(() => undefined)
    assert.equal(lines.length, 512)
    assert.equal(lines.at(-1)!.sent.length, 1000 - 511)
    assert.equal(new Set(lines.at(-1)!.sent.map(({ id }) => id)).size, 1000 - 511)
    transport.close()
    assert.ok(lines.every(({ said }) => said.includes('end')))
  })
})
