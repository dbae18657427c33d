// npm start, npm run demo: builds when a source is newer than the build, then hands over to the command line.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

function newest(folder) {
  let time = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  }
  return time
}

function isStale() {
  try {
    const built = statSync('dist/.built').mtimeMs
    return ['lib', 'nodes', 'cli', 'editor', 'icons', 'scripts'].some((folder) => newest(folder) > built)
  } catch {
    return true
  }
}

if (isStale()) {
  console.log('Building the palette ...')
  await import('./build.mjs')
}
if (!process.exitCode) await import('../dist/cli/main.js')
