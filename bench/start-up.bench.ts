// What the palette adds to Node-RED's start: the same start in fresh processes, with and without it, in turn.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { median, report } from './measure.ts'

const ROUNDS = 15
const CHILD = `
const red = require(process.argv[1])
const t = performance.now()
red.init({ userDir: process.argv[2], flowFile: 'flows.json', httpAdminRoot: false, logging: { console: { level: 'off' } } })
red.events.once('flows:started', () => { console.log(performance.now() - t); process.exit(0) })
red.start()`

async function userDir(withPalette: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
  await mkdir(join(folder, 'node_modules/@cxone-flows'), { recursive: true })
  const link = join(folder, 'node_modules/@cxone-flows/node-red-data-actions')
  if (withPalette) await symlink(resolve('.'), link)
  return folder
}

function startMs(folder: string): number {
  const { stdout } = spawnSync(process.execPath, ['-e', CHILD, resolve('node_modules/node-red'), folder], {
    encoding: 'utf8',
  })
  return Number(stdout)
}

const [without, withIt] = await Promise.all([userDir(false), userDir(true)])
const samples: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] }
for (let i = 0; i < ROUNDS; i++) {
  samples.bare.push(startMs(without))
  samples.ours.push(startMs(withIt))
}
const [bare, full] = [median(samples.bare), median(samples.ours)]
report({ name: 'start of Node-RED with the palette', unit: 'ms', ours: full, bare, ratio: full / bare })
// Of neighbours in time, so that what else the machine does weighs on both.
const added = median(samples.ours.map((ms, i) => ms - samples.bare[i]!))
report({ name: "added to Node-RED's start", unit: 'ms', ours: added, target: 100, lowerIsBetter: true })
await Promise.all([without, withIt].map((folder) => rm(folder, { recursive: true, force: true })))
