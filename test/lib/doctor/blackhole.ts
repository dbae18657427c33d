import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Cleanup } from './lab.ts'

// Its event loop stands still after listening: nothing is accepted, and the queue of the kernel is short.
const SCRIPT = `const s = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => {
  require('node:fs').writeSync(1, s.address().port + '\\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`
const QUEUE = 4

/** A port whose queue of connections is full: the kernel drops each further SYN, as a firewall does. */
export async function blackhole(cleanup: Cleanup): Promise<number> {
  const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanup.add(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  for (let at = 0; at < QUEUE; at += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    cleanup.add(() => socket.destroy())
    // The last ones never connect: they wait for room in the queue.
    if (at === 0) await once(socket, 'connect')
  }
  return port
}
