// npm run bench [-- name ...]: runs bench/*.bench.ts one after another and prints their figures as JSON and as a table.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

await import('./build.mjs')
if (process.exitCode) process.exit()

const wanted = process.argv.slice(2)
const files = readdirSync('bench')
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)))
const measures = []
for (const file of files) {
  console.error(`${file} ...`)
  const options = ['--expose-gc', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', `bench/${file}`]
  const { stdout, status } = spawnSync(process.execPath, options, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) process.exitCode = 1
  for (const line of stdout.split('\n').filter((text) => text.startsWith('{')))
    measures.push(JSON.parse(line))
}

const figure = (value) =>
  value === undefined ? '' : value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
const holds = ({ ratio, ours, target, lowerIsBetter }) => {
  if (target === undefined) return ''
  const value = ratio ?? ours
  return (lowerIsBetter ? value <= target : value >= target) ? 'yes' : 'NO'
}
const rows = measures.map((m) => ({
  measure: m.name,
  unit: m.unit,
  ours: figure(m.ours),
  bare: figure(m.bare),
  ratio: figure(m.ratio),
  target: m.target === undefined ? '' : `${m.lowerIsBetter ? '<=' : '>='} ${m.target}`,
  holds: holds(m),
}))
console.log(JSON.stringify(measures, null, 2))
console.table(rows)
