import { abortReason } from '../concurrency/abort.ts'
import { parseServer } from '../dns/servers.ts'
import type { Clock, HttpSend, LookupAddresses } from '../ports.ts'
import { isoTime } from '../system.ts'
import { Channel } from './channel.ts'
import type { DoctorEvent, Examination, HostReport, Origin, Step } from './examination.ts'
import { verdictOf } from './findings.ts'
import { proxyFor, type ProxyPlace, type RouteOptions } from './network/route.ts'
import { addressStep } from './steps/address.ts'
import { dnsStep, type DoctorDns } from './steps/dns.ts'
import { httpStep } from './steps/http.ts'
import { actionStep, loginStep, type LoginPorts } from './steps/login.ts'
import { nameStep } from './steps/name.ts'
import { skipped, type StepCall } from './steps/step.ts'
import { tcpStep } from './steps/tcp.ts'
import { tlsStep, type TlsOutcome } from './steps/tls.ts'
import type { Authorities } from './steps/trust.ts'
import { merge, placeText, type Target } from './targets.ts'

/** What is to be examined. */
export interface DoctorTask {
  readonly targets: readonly Target[]
  /** The area that the settings name, where they name one. */
  readonly area?: string | undefined
  /** A data action whose host is to be found with a login. */
  readonly actionId?: string | undefined
  readonly route: RouteOptions
  /** A proxy that the environment names and that is not used. */
  readonly unusedProxy?: string | undefined
  readonly origin: Origin
  /** Milliseconds for each step. */
  readonly timeoutMs: number
}

/** What {@link examine} needs from the world. */
export interface DoctorPorts {
  readonly clock: Clock
  /** Undefined on a machine that names no DNS servers. */
  readonly dns: DoctorDns | undefined
  /** DNS servers that are examined themselves, by their `ip:port`. */
  readonly dnsServers?: ReadonlyMap<string, DoctorDns> | undefined
  /** As this machine's programs look names up; left out where another DNS server is asked. */
  readonly lookup?: LookupAddresses | undefined
  /** Must accept any certificate. */
  readonly send: HttpSend
  readonly authorities: Authorities
  /** Left out: the doctor does not log in. */
  readonly login?: LoginPorts | undefined
}

/**
 * Examines hosts side by side: name, address, TCP, TLS, HTTP, and with credentials a login. Hosts that turn up on the way
 * (discovery documents, the data action) are examined too. The last event is `done`.
 *
 * @throws `ABORTED`. What is wrong with a host is a finding, never an error.
 */
export async function* examine(
  task: DoctorTask,
  ports: DoctorPorts,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<DoctorEvent, void, undefined> {
  const stop = new AbortController()
  const round = new Round(task, ports, AbortSignal.any([signal, stop.signal]))
  try {
    yield* round.run()
  } finally {
    stop.abort() // the reader may have gone before the end
  }
}

class Round {
  readonly #task: DoctorTask
  readonly #ports: DoctorPorts
  readonly #call: StepCall
  readonly #events = new Channel<DoctorEvent>()
  /** In the order of their discovery. */
  readonly #reports = new Map<string, HostReport>()
  readonly #targets = new Map<string, Target>()
  #open = 0

  constructor(task: DoctorTask, ports: DoctorPorts, signal: AbortSignal) {
    this.#task = task
    this.#ports = ports
    this.#call = { clock: ports.clock, timeoutMs: task.timeoutMs, signal }
  }

  async *run(): AsyncGenerator<DoctorEvent, void, undefined> {
    const { clock } = this.#ports
    const [startedAt, started] = [isoTime(clock.now()), clock.monotonic()]
    for (const [server, dns] of this.#ports.dnsServers ?? []) this.#addServer(server, dns)
    for (const target of this.#task.targets) this.#add(target)
    if (this.#open === 0) this.#events.end()
    yield* this.#events
    const hosts = [...this.#reports.values()]
    const findings = hosts.flatMap(({ steps }) => steps.flatMap((step) => step.findings))
    const durationMs = Math.round(clock.monotonic() - started)
    const { origin } = this.#task
    const examination: Examination = { startedAt, durationMs, origin, hosts, verdict: verdictOf(findings) }
    yield { event: 'done', examination }
  }

  /** Begins with a host; of one that is known, only the roles are noted. */
  #add(target: Target): void {
    const { id } = target
    const known = this.#targets.get(id)
    const whole = known ? merge(known, target) : target
    this.#targets.set(id, whole)
    const { roles, host, port, caller } = whole
    this.#events.put({ event: 'host', id, host, port, roles })
    const report = this.#reports.get(id)
    if (report) this.#reports.set(id, { ...report, roles })
    if (known) return
    const by = proxyFor(target, this.#task.route.proxy)
    const proxy = by ? placeText(by.host, by.port) : null
    this.#reports.set(id, { id, roles, host, port, caller, proxy, steps: [], verdict: 'ok' })
    this.#begin(id, this.#climb(target))
  }

  #addServer(id: string, dns: DoctorDns): void {
    const { address: host = id, port = 53 } = parseServer(id) ?? {}
    const report = { id, roles: ['dns'], host, port, caller: 'machine', proxy: null } as const
    this.#reports.set(id, { ...report, steps: [], verdict: 'ok' })
    this.#events.put({ event: 'host', id, host, port, roles: report.roles })
    this.#begin(
      id,
      dnsStep(id, dns, this.#call).then((step) => this.#tell(id, step)),
    )
  }

  #begin(id: string, work: Promise<void>): void {
    this.#open += 1
    void work.then(() => this.#close(id)).catch((error: unknown) => this.#events.fail(error))
  }

  #close(id: string): void {
    const report = this.#reports.get(id)
    if (report) this.#events.put({ event: 'verdict', report })
    this.#open -= 1
    if (this.#open === 0) this.#events.end()
  }

  #tell(id: string, step: Step): void {
    const { signal } = this.#call
    if (signal.aborted) throw abortReason(signal)
    const report = this.#reports.get(id)
    if (!report) return
    const steps = [...report.steps, step]
    this.#reports.set(id, { ...report, steps, verdict: verdictOf(steps.flatMap(({ findings }) => findings)) })
    this.#events.put({ event: 'step', id, step })
  }

  async #climb(target: Target): Promise<void> {
    const by = proxyFor(target, this.#task.route.proxy)
    const address = await this.#reach(target, by)
    if (address === undefined) return
    const { step, isSecure } = await this.#secure(target, address, by)
    this.#tell(target.id, step)
    if (!isSecure) {
      this.#giveUp(target.id, ['http'])
      return
    }
    const { send } = this.#ports
    const { area } = this.#task
    const pinned = by ? undefined : address
    const answered = await httpStep(target, { ...this.#call, send, address: pinned, area })
    this.#tell(target.id, answered.step)
    for (const found of answered.discovered) this.#add(found)
    if (answered.step.mark !== 'failed' && step.mark !== 'failed') await this.#logIn(target)
  }

  /** Name, address, TCP. @returns the address that connects, the proxy's where there is one */
  async #reach(target: Target, by: ProxyPlace | undefined): Promise<string | undefined> {
    const { id } = target
    const { dns, lookup } = this.#ports
    const isByProxy = by !== undefined
    const named = await nameStep(target, { ...this.#call, dns, lookup, isByProxy })
    this.#tell(id, named.step)
    if (named.addresses.length === 0 && !by) {
      this.#giveUp(id, ['address', 'tcp', 'tls', 'http'])
      return undefined
    }
    const { step, tried } =
      named.addresses.length > 0
        ? addressStep(target, named.addresses)
        : { step: skipped('address', 'the proxy looks the name up'), tried: [] }
    this.#tell(id, step)
    const { unusedProxy } = this.#task
    const reached = await tcpStep(target, tried, by, { ...this.#call, unusedProxy })
    this.#tell(id, reached.step)
    if (reached.address === undefined) this.#giveUp(id, ['tls', 'http'])
    return reached.address
  }

  async #secure(target: Target, address: string, by: ProxyPlace | undefined): Promise<TlsOutcome> {
    const { isTls, connectTo } = target
    if (!isTls) {
      const why = connectTo ? 'the sandbox speaks no TLS' : 'plain HTTP'
      return { step: skipped('tls', why), isSecure: true }
    }
    const { tls = {} } = this.#task.route
    return tlsStep(target, { ...this.#call, address, by, tls, authorities: this.#ports.authorities })
  }

  #giveUp(id: string, rest: readonly ('address' | 'tcp' | 'tls' | 'http')[]): void {
    for (const name of rest) this.#tell(id, skipped(name, 'not tried'))
  }

  /** Nothing secret is sent before the host has shown itself. */
  async #logIn({ id, roles }: Target): Promise<void> {
    const { login } = this.#ports
    const { area, actionId } = this.#task
    const isPlace = roles.includes('token') || roles.includes('discovery')
    if (!login || !isPlace) return
    const { step, isIn, discovered } = await loginStep(login, area, this.#call)
    this.#tell(id, step)
    for (const found of discovered) this.#add(found)
    if (!isIn || actionId === undefined) return
    const action = await actionStep(login, actionId, this.#call)
    this.#tell(id, action.step)
    for (const found of action.discovered) this.#add(found)
  }
}
