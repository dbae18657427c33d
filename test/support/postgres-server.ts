import { spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findBinaries, serverAccount } from './postgres-binaries.ts'

/** How a server is set up. */
export interface ServerOptions {
  /** Configuration parameters, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Password of the superuser `postgres`; without one, everybody on this machine is let in. */
  readonly password?: string
  /** Certificate and key (PEM) to offer TLS with. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** A PostgreSQL server of our own, on loopback. Its data is removed when this process ends, however it ends. */
export interface TestServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Where its data is. */
  readonly folder: string
  /** URL of one of its databases. */
  url(database: string): string
  /** Starts it (again) on the same port; resolves when it takes connections. */
  start(): Promise<void>
  /** An orderly stop: connections are cut, work is rolled back, what is committed stays. */
  stop(): Promise<void>
  /** SIGKILL of all of its processes: a crash. */
  kill(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

// Run by the unprivileged account. Ends when its standard input closes, so also when this process is killed with -9.
const GUARD = `
set -u
cd "$ROOT" || exit 1
server=
stop() {
  [ -z "$server" ] && return
  kill -"$1" "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}
while read -r order; do
  case $order in
    init) "$BIN/initdb" -D data -U postgres -E UTF8 --locale=C --no-sync --auth="$AUTH" --pwfile=password >>log 2>&1 ;;
    start) "$BIN/postgres" -D data "$@" </dev/null >>log 2>&1 & server=$! ;;
    stop) stop INT ;;
    kill)
      kill -9 "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null) 2>/dev/null
      stop 9 ;;
  esac
  echo "$order $?"
done
stop QUIT
cd /
rm -rf "$ROOT"
`

/** Starts a server. */
export async function launchServer(options: ServerOptions = {}): Promise<TestServer> {
  const account = serverAccount()
  const bin = findBinaries(account)
  const folder = mkdtempSync(join(tmpdir(), 'cxone-flows-pg-'))
  const port = await freePort()
  writeFileSync(join(folder, 'password'), `${options.password ?? 'postgres'}\n`, { mode: 0o600 })
  for (const [name, text] of Object.entries(options.tls ?? {}))
    writeFileSync(join(folder, `server.${name}`), text, { mode: 0o600 })
  if (account) {
    const files = ['.', 'password', ...Object.keys(options.tls ?? {}).map((name) => `server.${name}`)]
    for (const file of files) chownSync(join(folder, file), account.uid, account.gid)
  }
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', ...parameters(options, port)], {
    cwd: folder,
    ...account,
    detached: true, // an interrupt of the terminal is not for it: it has to tidy up
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      BIN: bin,
      ROOT: folder,
      AUTH: options.password === undefined ? 'trust' : 'scram-sha-256',
      PATH: '/usr/bin:/bin',
    },
  })
  const server = new GuardedServer(guard, folder, port, options)
  await server.init()
  await server.start()
  return server
}

function parameters({ settings, tls }: ServerOptions, port: number): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off', // a crash of the server loses nothing all the same: the operating system has it
    full_page_writes: 'off',
    ...(tls ? { ssl: 'on', ssl_cert_file: '../server.cert', ssl_key_file: '../server.key' } : {}),
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

class GuardedServer implements TestServer {
  readonly host = '127.0.0.1'
  readonly user = 'postgres'
  readonly folder: string
  readonly port: number
  readonly password: string
  readonly #guard: ChildProcess
  readonly #waiting: ((status: number) => void)[] = []

  constructor(guard: ChildProcess, folder: string, port: number, options: ServerOptions) {
    this.#guard = guard
    this.folder = folder
    this.port = port
    this.password = options.password ?? 'postgres'
    createInterface({ input: guard.stdout! }).on('line', (line) => {
      this.#waiting.shift()?.(Number(line.split(' ')[1]))
    })
    guard.once('exit', () => this.#waiting.splice(0).forEach((answer) => answer(-1)))
    guard.unref()
    this.#hold(false)
  }

  url(database: string): string {
    return `postgres://${this.user}:${this.password}@${this.host}:${this.port}/${database}`
  }

  async init(): Promise<void> {
    if ((await this.#order('init')) !== 0) throw new Error(`initdb failed: ${this.#log()}`)
  }

  async start(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      await this.#order('start')
      if (await this.#answers()) return
      // After a crash its successor may meet processes that have not noticed yet.
      if (attempt === 20) throw new Error(`The server does not start: ${this.#log()}`)
    }
  }

  async stop(): Promise<void> {
    await this.#order('stop')
  }

  async kill(): Promise<void> {
    await this.#order('kill')
  }

  async remove(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    if (this.#guard.exitCode !== null) return
    this.#guard.once('exit', resolve)
    this.#guard.ref()
    this.#guard.stdin!.end()
    await promise
  }

  async #order(order: string): Promise<number> {
    this.#hold(true)
    const answered = new Promise<number>((resolve) => this.#waiting.push(resolve))
    this.#guard.stdin!.write(`${order}\n`)
    const status = await answered
    if (this.#waiting.length === 0) this.#hold(false)
    return status
  }

  // The pipes must not keep the process of the tests alive, save while an answer is due.
  #hold(isHeld: boolean): void {
    for (const pipe of [this.#guard.stdin, this.#guard.stdout] as unknown as Socket[])
      if (isHeld) pipe.ref()
      else pipe.unref()
  }

  /** Whether it takes connections, and is still there. */
  async #answers(): Promise<boolean> {
    const { host, port, user, password } = this
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const client = new pg.Client({ host, port, user, password, database: 'postgres' })
      try {
        await client.connect()
        return true
      } catch (error) {
        // Refused is what it says until it listens, and for ever when it has ended at once.
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && attempt > 5 && !this.#runs())
          return false
        await delay(20)
      } finally {
        await client.end().catch(() => undefined)
      }
    }
    throw new Error(`The server does not answer: ${this.#log()}`)
  }

  #runs(): boolean {
    try {
      const pid = Number(readFileSync(join(this.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0])
      return existsSync(`/proc/${pid}`) || process.platform !== 'linux'
    } catch {
      return false
    }
  }

  #log(): string {
    try {
      return readFileSync(join(this.folder, 'log'), 'utf8').slice(-2000)
    } catch {
      return 'it left no log'
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
