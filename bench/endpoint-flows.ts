import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server in a process of its own. */
export interface Started {
  readonly child: ChildProcess
  readonly port: number
}

const execArgv = [
  '--expose-gc',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
]

/** Runs a script that tells its port. */
export async function start(script: URL, argument: string): Promise<Started> {
  const child = fork(script, [argument], { execArgv })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { child, port }
}

/** Runs a flow in a headless Node-RED. `credentials` by node id. */
export async function startFlows(nodes: readonly object[], credentials: object = {}): Promise<Started> {
  const userDir = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
  const flows = [{ id: 'tab', type: 'tab', label: 'bench' }, ...nodes]
  await writeFile(join(userDir, 'flows.json'), JSON.stringify(flows))
  await writeFile(join(userDir, 'flows_cred.json'), JSON.stringify(credentials))
  const started = await start(new URL('./node-red-server.ts', import.meta.url), userDir)
  started.child.once('exit', () => void rm(userDir, { recursive: true, force: true }))
  return started
}

/** Resident memory of a {@link startFlows} process in MB, after a garbage collection. */
export async function memoryOf({ child }: Started): Promise<number> {
  child.send('memory')
  const [{ rss }] = (await once(child, 'message')) as [{ rss: number }]
  return rss / 2 ** 20
}

/** `action-in -> pg-action -> action-out` over the table of `endpoint-table.ts`; the database's credentials go to `db`. */
export const endpointFlow = (sql: string): object[] => [
  { id: 'db', type: 'pg-database', mode: 'server', poolMax: 16 },
  { id: 'in', type: 'action-in', z: 'tab', path: '/bench', wires: [['work']] },
  {
    id: 'work',
    type: 'pg-action',
    z: 'tab',
    database: 'db',
    sql,
    params: [{ name: 'customer_id', type: 'auto', required: true }],
    transaction: { isolation: 'read committed', readOnly: true },
    wires: [['out']],
  },
  { id: 'out', type: 'action-out', z: 'tab', wires: [] },
]
