import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { runCli, type ExitCode } from '../../cli/program.ts'

interface Run {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** Runs the command line in this process; `onPrint` sees each text as it is printed. */
async function run(
  args: readonly string[],
  onPrint?: (text: string, stop: () => void) => void,
): Promise<Run> {
  const stop = new AbortController()
  let out = ''
  let err = ''
  const code = await runCli(args, {
    version: '1.2.3',
    print: (line) => {
      out += `${line}\n`
      onPrint?.(line, () => stop.abort())
    },
    printError: (text) => {
      err += text
    },
    untilInterrupted: () => stop.signal,
  })
  return { code, out, err }
}

const urlIn = (text: string): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]

describe('cxone-flows', () => {
  it('prints its version and its help with the exit codes, and ends with 0', async () => {
    assert.deepEqual(await run(['--version']), { code: 0, out: '1.2.3\n', err: '' })
    const { code, out } = await run(['--help'])
    assert.equal(code, 0)
    for (const part of ['start', 'demo', 'sandbox', 'Exit codes: 0 ended well, 1 failed, 2 wrong usage']) {
      assert.ok(out.includes(part), part)
    }
  })

  for (const [args, says] of [
    [[], 'Usage: cxone-flows'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['sandbox', '--nonsense'], "unknown option '--nonsense'"],
    [['sandbox', 'nonsense'], 'too many arguments'],
    [['sandbox', '--port', '65536'], 'Expected an integer from 0 to 65535'],
    [['sandbox', '--port', '-1'], 'Expected an integer from 0 to 65535'],
    [['sandbox', '--dns-port', 'x'], 'Expected an integer from 0 to 65535'],
    [['sandbox', '--token-ttl', '0'], 'Expected an integer from 1 to 86400'],
    [['sandbox', '--fault', 'exec:429'], 'expected a route, one of token'],
    [['start', '--port', 'x'], 'Expected an integer from 0 to 65535'],
  ] as const) {
    it(`ends with 2 on wrong usage: ${args.join(' ') || 'no command'}`, async () => {
      const { code, err } = await run(args)
      assert.equal(code, 2)
      assert.ok(err.includes(says), err)
    })
  }
})

describe('cxone-flows sandbox', () => {
  it('tells where it listens and what it knows, and ends with 0 when it is interrupted', async () => {
    const { code, out, err } = await run(['sandbox', '--port', '0'], (_text, stop) => stop())
    assert.deepEqual([code, err], [0, ''])
    const parts = [
      'sandbox / sandbox-secret',
      'SANDBOXKEY====',
      'whsec_',
      'order-status',
      'DNS server',
      'Ctrl+C',
    ]
    for (const part of parts) assert.ok(out.includes(part), part)
    const url = urlIn(out)
    assert.ok(url)
    await assert.rejects(fetch(url), 'the port is free again')
  })

  it('plays the scripted faults and prints a line a request', async () => {
    let calls: Promise<number[]> | undefined
    const faults = ['--fault', 'discovery:503', '--fault', 'discovery:429/2']
    const { code, out } = await run(['sandbox', '--port', '0', ...faults], (text, stop) => {
      const url = urlIn(text)
      if (!url) return
      calls = (async () => {
        const statuses = []
        for (let at = 0; at < 3; at += 1) {
          statuses.push((await fetch(`${url}/.well-known/openid-configuration`)).status)
        }
        stop()
        return statuses
      })()
    })
    assert.equal(code, 0)
    assert.deepEqual(await calls, [503, 429, 200])
    assert.match(out, /GET \/\.well-known\/openid-configuration 503 \d+\.\d ms fault\n/)
    assert.match(out, /GET \/\.well-known\/openid-configuration 200 \d+\.\d ms\n/)
  })

  it('ends with 1 and the way out when the port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const port = String((taken.address() as AddressInfo).port)
    const { code, err } = await run(['sandbox', '--port', port])
    assert.equal(code, 1)
    assert.match(err, new RegExp(`^cxone-flows: Port ${port} is in use.*choose another port`))
    await new Promise((done) => taken.close(done))
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`stops cleanly on ${signal} as a process of its own`, async () => {
      const main = resolve(import.meta.dirname, '../../dist/cli/main.js')
      const child = spawn(process.execPath, [main, 'sandbox', '--port', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await firstOutput(child)
      child.kill(signal)
      assert.deepEqual(await once(child, 'exit'), [0, null])
    })
  }
})

async function firstOutput({ stdout }: ChildProcess): Promise<void> {
  assert.ok(stdout)
  await once(stdout, 'data')
  stdout.resume()
}
