import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { makeUserDir, NODE_RED, startNodeRed, type NodeRedProcess } from '../support/node-red-process.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

interface StoredNode {
  id: string
  type: string
  name?: string
  z?: string
  wires?: string[][]
  [key: string]: unknown
}

async function example(name: string): Promise<StoredNode[]> {
  return JSON.parse(await readFile(join('examples', `${name}.json`), 'utf8')) as StoredNode[]
}

/** The example with a file node beside its result, so that a test outside the process sees the end. */
function withRecorder(nodes: StoredNode[], file: string): StoredNode[] {
  const result = nodes.find(({ type, name }) => type === 'debug' && name?.startsWith('Result'))
  assert.ok(result)
  const recorder: StoredNode[] = [
    {
      id: 'recorder-json',
      type: 'function',
      z: result.z!,
      func: 'const { payload, cxone } = msg; return { payload: JSON.stringify({ payload, cxone }) }',
      outputs: 1,
      wires: [['recorder-file']],
      x: 0,
      y: 0,
    },
    {
      id: 'recorder-file',
      type: 'file',
      z: result.z!,
      filename: file,
      filenameType: 'str',
      appendNewline: true,
      overwriteFile: 'false',
      createDir: true,
      wires: [[]],
      x: 0,
      y: 0,
    },
  ]
  const wired = nodes.map((node) => ({
    ...node,
    ...(node.wires && {
      wires: node.wires.map((port) => (port.includes(result.id) ? [...port, 'recorder-json'] : port)),
    }),
  }))
  return [...wired, ...recorder]
}

describe('the npm package', function () {
  this.timeout(180_000)
  let folder: string
  let tarball: string
  let files: string[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-pack-'))
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder])
    const parsed = JSON.parse(stdout) as unknown
    const [packed] = (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as {
      filename: string
      files: { path: string }[]
    }[]
    tarball = join(folder, packed!.filename)
    files = packed!.files.map(({ path }) => path)
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('holds the built code, examples and documents, and nothing else', () => {
    const allowed =
      /^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|examples\/[\w-]+\.(json|test\.yaml)|docs\/[\w./-]+\.(md|png)|resources\/[\w-]+\.schema\.json|dist\/(lib|nodes|cli)\/[\w./-]+\.(js|d\.ts|html|json|svg))$/
    assert.deepEqual(
      files.filter((file) => !allowed.test(file)),
      [],
    )
    for (const needed of [
      'README.md',
      'LICENSE',
      'examples/01-resolve-validate-execute-webhook.json',
      'examples/40-debug-a-data-action.test.yaml',
      'dist/cli/main.js',
    ]) {
      assert.ok(files.includes(needed), `${needed} is missing`)
    }
  })

  for (const version of Object.keys(NODE_RED) as (keyof typeof NODE_RED)[]) {
    describe(`installed into a clean Node-RED ${version}`, () => {
      let red: NodeRedProcess
      let recorded: string

      before(async () => {
        recorded = join(folder, `result-${version}.jsonl`)
        const flows = withRecorder(await example('01-resolve-validate-execute-webhook'), recorded)
        const userDir = await makeUserDir(flows, { linkPalette: false })
        await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
          cwd: userDir,
        })
        red = await startNodeRed(version, userDir)
      })

      after(() => red.stop())

      it('offers the examples for import, and not the test cases beside them', async () => {
        const place = 'library/examples/flows/@cxone-flows/node-red-data-actions'
        const offered = (await (await fetch(`${red.url}${place}`)).json()) as { fn: string }[]
        const flows = files.flatMap((file) => /^examples\/(.*)\.json$/.exec(file)?.[1] ?? [])
        assert.deepEqual(offered.map(({ fn }) => fn).sort(), flows.sort())
      })

      it('registers every node type without an error', async () => {
        const response = await fetch(`${red.url}nodes`, { headers: { accept: 'application/json' } })
        const sets = (await response.json()) as { module: string; types: string[]; err?: string }[]
        const ours = sets.filter(({ module }) => module === '@cxone-flows/node-red-data-actions')
        const manifest = JSON.parse(await readFile(resolve('package.json'), 'utf8'))
        assert.deepEqual(
          ours.map(({ types }) => types[0]).sort(),
          Object.keys(manifest['node-red'].nodes).sort(),
        )
        assert.deepEqual(
          ours.filter(({ err }) => err !== undefined),
          [],
          red.log(),
        )
      })

      it('runs example 01 to its end', async () => {
        const inject = (await example('01-resolve-validate-execute-webhook')).find(
          ({ type }) => type === 'inject',
        )
        await writeFile(recorded, '')
        const response = await fetch(`${red.url}inject/${inject!.id}`, { method: 'POST' })
        assert.equal(response.status, 200)
        const line = await until(
          async () => (await readFile(recorded, 'utf8')).split('\n')[0] || undefined,
          red.log,
        )
        const { cxone } = JSON.parse(line) as { cxone: Record<string, any> }
        assert.equal(cxone['execution'].status, 200)
        assert.equal(cxone['validation'].valid, true)
        assert.equal(cxone['webhook'].status, 204)
        assert.match(cxone['audit'].hash, /^[0-9a-f]{64}$/)
      })
    })
  }
})
