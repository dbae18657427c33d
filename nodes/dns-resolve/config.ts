import {
  boolean,
  integer,
  list,
  nodeId,
  oneOf,
  parseFields,
  text,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { typed } from '../../lib/config/typed.ts'
import { requestFields } from '../../lib/dns/request.ts'
import { parseServer } from '../../lib/dns/servers.ts'
import { parseTrustAnchors } from '../../lib/dns/trust-anchors.ts'
import { show } from '../../lib/errors.ts'

/** The properties of `dns-resolve`. */
export const fields = {
  version: version(),
  source: oneOf(['domain', 'dataAction'], 'domain'),
  auth: nodeId(),
  domain: typed('msg:payload', ['msg', 'str', 'flow', 'global', 'env', 'jsonata', 'json']),
  actionId: typed('msg:dataActionId', ['msg', 'str', 'flow', 'global', 'env', 'jsonata']),
  ...requestFields,
  onLimit: oneOf(['fail', 'wait'], 'fail'),
  dnssec: oneOf(['validate', 'ad', 'off'], 'validate'),
  servers: list<string>([], checkServer, 16),
  transport: oneOf(['udp', 'tcp', 'tls', 'https'], 'udp'),
  timeoutMs: integer({ min: 1, max: 600_000, default: 5000 }),
  lifetimeMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  maxCnameHops: integer({ min: 0, max: 100, default: 10 }),
  trustAnchors: trustAnchors(),
  cache: boolean(true),
  serveStaleS: integer({ min: 0, max: 604_800, default: 0 }),
  audit: nodeId(),
}

function checkServer(item: unknown): string | undefined {
  return typeof item === 'string' && parseServer(item)
    ? undefined
    : `expected an IP address, with a port and a certificate name where needed (\`192.0.2.53\`, \`[2001:db8::53]:5353\`, \`192.0.2.53#dns.example\`), got ${show(item)}`
}

function trustAnchors(): Field<string> {
  const any = text({ max: 100_000 })
  return {
    ...any,
    check: (value) => {
      const reason = any.check(value)
      if (reason || typeof value !== 'string') return reason
      const parsed = parseTrustAnchors(value)
      return 'reason' in parsed ? parsed.reason : undefined
    },
  }
}

/** What a `dns-resolve` node is set to. */
export type DnsResolveConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): DnsResolveConfig => parseFields(fields, stored)
