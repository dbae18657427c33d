import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

interface StoredNode {
  id: string
  type: string
  info?: string
  [key: string]: unknown
}

const files = (await readdir('examples')).filter((file) => file.endsWith('.json'))
const examples = new Map<string, StoredNode[]>()
for (const file of files) examples.set(file, JSON.parse(await readFile(join('examples', file), 'utf8')))

describe('the example flows', () => {
  for (const [file, nodes] of examples) {
    it(`${file} tells what it does in a comment node`, () => {
      assert.ok(nodes.some(({ type, info }) => type === 'comment' && (info?.length ?? 0) > 100))
    })

    it(`${file} stores every property of our nodes, so that forms show what runs`, async () => {
      const defs = await editorDefs()
      for (const node of nodes) {
        const def = defs.get(node.type)
        if (!def) continue
        const missing = Object.keys(def.defaults).filter((name) => !(name in node))
        assert.deepEqual(missing, [], `${node.type} ${node.id}`)
      }
    })
  }

  it('show every flow node of the palette', async () => {
    const used = new Set([...examples.values()].flat().map(({ type }) => type))
    const missing = [...(await editorDefs()).keys()].filter((type) => !used.has(type))
    assert.deepEqual(missing, [])
  })

  it('have node ids of their own, but for the config nodes that they share', () => {
    const seen = new Map<string, string>()
    for (const node of [...examples.values()].flat()) {
      const text = JSON.stringify(node)
      assert.equal(seen.get(node.id) ?? text, text, `id ${node.id} stands for two nodes`)
      seen.set(node.id, text)
    }
  })

  it('run to their end headless, each once, with the demo command', async function () {
    this.timeout(180_000)
    const { stdout } = await run(process.execPath, ['dist/cli/main.js', 'demo'])
    assert.match(stdout, new RegExp(`All ${files.length} examples ran to their end`))
    for (const file of files) assert.ok(stdout.includes(file.replace('.json', '')), `${file} was not run`)
    assert.match(stdout, /Execute all +action-execute +1 x +[\d.]+ ms/)
  })
})

describe('the start command', () => {
  it('serves the editor with all examples as tabs, and ends on SIGTERM', async function () {
    this.timeout(30_000)
    const userDir = await mkdtemp(join(tmpdir(), 'cxone-start-'))
    const child = spawn(process.execPath, ['dist/cli/main.js', 'start', '--user-dir', userDir, '--port', '0'])
    const exited = once(child, 'exit')
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    const url = await until(
      () => /CXone palette: (http:\S+)/.exec(printed)?.[1],
      () => printed,
    )
    const flows = (await (await fetch(`${url}flows`)).json()) as StoredNode[]
    const tabs = flows.filter(({ type }) => type === 'tab').map(({ label }) => `${String(label)}.json`)
    assert.deepEqual(tabs.sort(), files.sort())
    assert.match(await (await fetch(url)).text(), /CXone data actions/)
    child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
    await rm(userDir, { recursive: true, force: true })
  })

  it('says how to take another port when its own is in use', async function () {
    this.timeout(30_000)
    const { createServer } = await import('node:http')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const userDir = await mkdtemp(join(tmpdir(), 'cxone-start-'))
    const failure = await run(process.execPath, [
      'dist/cli/main.js',
      'start',
      '--user-dir',
      userDir,
      '--port',
      `${port}`,
    ]).then(
      () => assert.fail('it started'),
      (error: unknown) => error as { code: number; stderr: string },
    )
    server.close()
    assert.equal(failure.code, 1)
    assert.match(failure.stderr, new RegExp(`Port ${port} is in use: .*PORT=`))
    await rm(userDir, { recursive: true, force: true })
  })
})
