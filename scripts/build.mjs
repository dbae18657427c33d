// npm run build: TypeScript to dist/, then per node: the form, its bundled script and the locales beside the js.
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { build } from 'esbuild'

const clean = process.argv.includes('--clean')
if (clean || !existsSync('dist')) {
  await rm('dist', { recursive: true, force: true })
  await rm('.cache/build.tsbuildinfo', { force: true })
}
try {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  })
} catch {
  process.exitCode = 1 // tsc has said why; the rest is built all the same
}

const partials = new Map()
for (const file of await readdir('editor/partials')) {
  partials.set(file.replace('.html', ''), await readFile(`editor/partials/${file}`, 'utf8'))
}

/** `{{> name key=value}}` includes a partial; `{{key}}` in it is replaced. */
function expand(html) {
  return html.replace(/\{\{>\s*([\w-]+)([^}]*)\}\}/g, (whole, name, rest) => {
    const values = Object.fromEntries([...rest.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]))
    const partial = partials.get(name)
    if (partial === undefined) throw new Error(`no partial ${name} for ${whole}`)
    return partial.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key] ?? '').trimEnd()
  })
}

async function editorScript(name) {
  const { outputFiles } = await build({
    entryPoints: [`nodes/${name}/editor.ts`],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
  })
  return outputFiles[0].text
}

/** The form of a node; a plugin has none. */
async function formTemplate(name) {
  const file = `nodes/${name}/${name}.html`
  if (!existsSync(file)) return ''
  return `<script type="text/html" data-template-name="${name}">\n${expand(await readFile(file, 'utf8'))}</script>\n`
}

for (const { name } of (await readdir('nodes', { withFileTypes: true })).filter((e) => e.isDirectory())) {
  const source = `nodes/${name}`
  const target = `dist/nodes/${name}`
  await mkdir(target, { recursive: true })
  if (existsSync(`${source}/editor.ts`)) {
    const script = `<script type="text/javascript">\n${await editorScript(name)}</script>\n`
    await writeFile(`${target}/${name}.html`, script + (await formTemplate(name)))
  }
  if (existsSync(`${source}/locales`)) await cp(`${source}/locales`, `${target}/locales`, { recursive: true })
  if (existsSync(`icons/${name}.svg`)) {
    await mkdir(`${target}/icons`, { recursive: true })
    await cp(`icons/${name}.svg`, `${target}/icons/${name}.svg`)
  }
}
if (!process.exitCode) await writeFile('dist/.built', '')
