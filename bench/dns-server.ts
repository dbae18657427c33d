// The DNS server of the sandbox as a process of its own, so that the bench does not measure it. Ends with its parent.
import { startSandboxDns } from '../dist/lib/sandbox/dns-server.js'

const dns = await startSandboxDns()
// With an argument, the key of its root too.
process.send?.(process.argv.length > 2 ? `${dns.address} ${dns.trustAnchor}` : dns.address)
process.once('disconnect', () => void dns.close())
