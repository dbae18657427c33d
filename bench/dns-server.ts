// The DNS server of the sandbox as a process of its own, so that the bench does not measure it. Ends with its parent.
import { startSandboxDns } from '../dist/lib/sandbox/dns-server.js'

const dns = await startSandboxDns()
process.send?.(dns.address)
process.once('disconnect', () => void dns.close())
