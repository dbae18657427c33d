import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { checkReferences } from '../../lib/flowtest/check-suite.ts'
import { parseFlowFile, type StoredNode } from '../../lib/flowtest/flow-file.ts'
import { parseSuite, type ParsedSuite } from '../../lib/flowtest/parse-suite.ts'
import { buildTopology, type Topology } from '../../lib/flowtest/topology.ts'
import { configError } from '../../lib/errors.ts'
import type { JsonSchema } from '../../lib/schema/json-schema.ts'

/** A case file with its flow. */
export interface LoadedSuite extends ParsedSuite {
  /** Path as shown to the user. */
  readonly file: string
  /** Absolute folder of the case file. */
  readonly base: string
  readonly flowFile: string
  readonly flows: readonly StoredNode[]
  readonly topology: Topology
}

const CASE_FILE = /\.test\.(ya?ml|json)$/

/** The case files that the user names: files, and folders that are searched for `*.test.yaml`, `.yml` and `.json`. */
export async function findCaseFiles(names: readonly string[], cwd: string): Promise<readonly string[]> {
  const found = await Promise.all(
    (names.length > 0 ? names : ['.']).map((name) => expand(resolve(cwd, name), name)),
  )
  const files = [...new Set(found.flat())]
  if (files.length === 0)
    throw configError(
      'files',
      `There is no case file (*.test.yaml, *.test.yml, *.test.json) in ${names.join(', ') || cwd}`,
    )
  return files
}

async function expand(path: string, name: string): Promise<readonly string[]> {
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (cause) {
    throw configError('files', `There is no file or folder \`${name}\``, cause)
  }
  if (!isFolder) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const nested = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      .map((entry) => expand(join(path, entry.name), entry.name)),
  )
  const own = entries
    .filter((entry) => entry.isFile() && CASE_FILE.test(entry.name))
    .map((entry) => join(path, entry.name))
  return [...own.sort(), ...nested.flat()]
}

/**
 * Reads case files and their flows.
 *
 * @param flows flow file for all of them; else each names its own, or lies beside it (`a.test.yaml`, `a.json`).
 * @throws `INPUT_INVALID` or `CONFIG_INVALID` with all faults of a file.
 */
export async function readSuites(
  files: readonly string[],
  options: { readonly flows: string | undefined; readonly cwd: string; readonly packageRoot: string },
): Promise<readonly LoadedSuite[]> {
  const { cwd, packageRoot } = options
  const schema = JSON.parse(
    await readFile(join(packageRoot, 'resources/flow-test.schema.json'), 'utf8'),
  ) as JsonSchema
  const flowFiles = new Map<string, { flows: readonly StoredNode[]; topology: Topology }>()
  const suites: LoadedSuite[] = []
  for (const path of files) {
    const file = relative(cwd, path) || path
    const parsed = await parseSuite(await readFile(path, 'utf8'), file, schema)
    const base = dirname(path)
    const flowPath = flowsOf(path, parsed, options)
    const flow = flowFiles.get(flowPath) ?? (await readFlow(flowPath, relative(cwd, flowPath) || flowPath))
    flowFiles.set(flowPath, flow)
    checkReferences(parsed, file, flow.topology)
    suites.push({ ...parsed, file, base, flowFile: relative(cwd, flowPath) || flowPath, ...flow })
  }
  return suites
}

function flowsOf(
  path: string,
  { suite }: ParsedSuite,
  { flows, cwd }: { flows: string | undefined; cwd: string },
): string {
  if (flows !== undefined) return resolve(cwd, flows)
  if (suite.flows !== undefined) return resolve(dirname(path), suite.flows)
  const beside = path.replace(CASE_FILE, '.json')
  if (beside !== path && existsSync(beside)) return beside
  throw configError(
    'flows',
    `${relative(cwd, path)}: which flow does it test? Write \`flows: file.json\` in it, or give --flows file.json`,
  )
}

async function readFlow(
  path: string,
  name: string,
): Promise<{ flows: readonly StoredNode[]; topology: Topology }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw configError('flows', `The flow file \`${name}\` cannot be read: ${(cause as Error).message}`, cause)
  }
  const flows = parseFlowFile(text, name)
  return { flows, topology: buildTopology(flows) }
}
