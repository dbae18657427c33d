/** How values of a format are made: a pattern whose every match is one, and edge cases. */
interface Format {
  readonly pattern: string
  readonly edges?: readonly string[]
}

const DATE = '20[0-4]\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])'
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d'
const HOST = '[a-z]{1,20}(?:\\.[a-z]{1,20}){0,8}\\.test'
const PATH = '(?:/[a-z0-9]{1,12}){0,80}'
const URI: Format = { pattern: `^https://${HOST}${PATH}$` }
const HOSTNAME: Format = { pattern: `^${HOST}$`, edges: ['a.test'] }
const EMAIL: Format = {
  pattern: `^[a-z]{1,12}(?:\\.[a-z0-9]{1,12}){0,3}@${HOST}$`,
  edges: ["o'hara+tag@a.test"],
}

/**
 * The formats of JSON Schema and of OpenAPI that are checked. Addresses and names are those that are kept for documentation and
 * tests (RFC 2606, 3849, 5737), so that nobody is reached by mistake.
 */
export const FORMATS: Readonly<Record<string, Format>> = {
  date: { pattern: `^${DATE}$`, edges: ['1970-01-01', '2024-02-29', '9999-12-31'] },
  time: { pattern: `^${TIME}(?:\\.\\d{1,3})?Z$`, edges: ['00:00:00Z', '23:59:59.999+01:00'] },
  'date-time': {
    pattern: `^${DATE}T${TIME}(?:\\.\\d{1,9})?Z$`,
    edges: ['1970-01-01T00:00:00Z', '2024-02-29T23:59:59.999+05:30'],
  },
  'iso-time': { pattern: `^${TIME}(?:\\.\\d{1,3})?Z?$` },
  'iso-date-time': { pattern: `^${DATE}T${TIME}(?:\\.\\d{1,3})?Z$` },
  duration: { pattern: '^P(?:\\d{1,2}D(?:T\\d{1,2}H)?|\\d{1,2}W|T\\d{1,3}M)$', edges: ['P1Y2M3DT4H5M6S'] },
  email: EMAIL,
  'idn-email': EMAIL,
  hostname: HOSTNAME,
  'idn-hostname': HOSTNAME,
  ipv4: {
    pattern: '^192\\.0\\.2\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)$',
    edges: ['127.0.0.1', '255.255.255.255'],
  },
  ipv6: { pattern: '^2001:db8(?::[0-9a-f]{1,4}){6}$', edges: ['::1', '2001:db8::192.0.2.1'] },
  uri: URI,
  url: { pattern: `^https://www\\.[a-z]{1,20}\\.example${PATH}$` },
  iri: URI,
  'uri-reference': { pattern: `^${PATH}$` },
  'iri-reference': { pattern: `^${PATH}$` },
  'uri-template': { pattern: '^/[a-z]{1,12}/\\{[a-z]{1,12}\\}$' },
  uuid: {
    pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
    edges: ['00000000-0000-0000-0000-000000000000'],
  },
  'json-pointer': { pattern: '^(?:/[a-z0-9]{1,12}){0,20}$', edges: ['/a~1b/m~0n/0'] },
  'json-pointer-uri-fragment': { pattern: '^#(?:/[a-z0-9]{1,12}){0,20}$' },
  'relative-json-pointer': { pattern: '^[0-9](?:/[a-z0-9]{1,12}){0,20}$' },
  regex: { pattern: '^\\^[a-z]{1,20}\\$$' },
  byte: { pattern: '^(?:[A-Za-z0-9+/]{4}){0,80}$' },
}
