// A process that starts a server, tells where it is, and waits for its end.
import { launchServer } from './postgres-server.ts'

const { port, folder } = await launchServer()
console.log(JSON.stringify({ port, folder }))
setInterval(() => undefined, 60_000)
