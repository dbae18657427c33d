/** What stands where a secret stood. */
export const REDACTED = '[redacted]'

// Names are judged by their end: `clientSecret`, `x-api-key` and `new_password` hold secrets, `tokenUrl` and
// `passwordRef` do not.
const SECRET_WORDS =
  'pass[-_ ]?word|passwd|pwd|pass[-_ ]?phrase|secret|token|jwt|api[-_ ]?key|authorization|credentials?' +
  '|(?:private|signing|encryption|secret|secret[-_ ]?access|account)[-_ ]?key'

const SECRET_NAME = new RegExp(`(?:^pass|cookie|${SECRET_WORDS})s?\\d*$`, 'i')

// The same names come again and again.
const judged = new Map<string, boolean>()
const MAX_JUDGED = 1000

/** Whether the value of a property, header or parameter of this name is a secret. */
export function isSecretName(name: string): boolean {
  const known = judged.get(name)
  if (known !== undefined) return known
  const isSecret = SECRET_NAME.test(name.length > 64 ? name.slice(-64) : name)
  if (name.length <= 64 && judged.size < MAX_JUDGED) judged.set(name, isSecret)
  return isSecret
}

// Cheap test that lets most texts through untouched.
const HINT = /pass|pwd|secret|token|key|authorization|cookie|credential|bearer|basic|eyJ|whsec_|jwt|:\/\//i

// `name=value`, `name: value`, JSON members, also in JSON that is itself quoted (`{\"password\":\"x\"}`). A value whose
// closing quote was cut off is masked to the end.
const MEMBER = new RegExp(
  `((?:${SECRET_WORDS})\\d*\\\\*["']?\\s*(?:=>?|:)\\s*\\[?\\s*)` +
    '(?:"(?:[^"\\\\]|\\\\[\\s\\S])*(?:"|\\\\?$)' +
    "|'(?:[^'\\\\]|\\\\[\\s\\S])*(?:'|\\\\?$)" +
    '|(\\\\+)(["\'])[\\s\\S]*?(?:(?<!\\\\)\\2\\3|$)' +
    '|(?:(?:bearer|basic|digest|negotiate|token) +)?[^\\s&;,"\'<>\\])}]+)',
  'gi',
)
const COOKIE = /(cookie["']?\s*[:=]\s*)[^\r\n"]+/gi
const BEARER = /\b(bearer +)(?!(?:token|auth\w*|scheme|realm|error|challenge|is)\b(?![.~+/=-]))[\w.~+/=-]+/gi
const BASIC = /\b(basic +)([\w+/-]{4,}={0,2})/gi
const URL_PASSWORD = /(:\/\/[^\s/?#:@"'<>]*:)[^\s/?#"'<>]+@/g
const WEBHOOK_SECRET = /whsec_[\w+/=-]+/g
// The start of base64url JSON; a token that was cut off counts as one.
const JWT = /(?<![\w-])eyJ[\w-]{16,}(?:\.[\w-]*)*/g
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g

/**
 * Masks secrets in free text: credentials of `Authorization` headers, JSON members and parameters with a secret's
 * name, cookies, passwords in URLs, JWTs, webhook secrets and private keys. Linear in the length of the text.
 *
 * @example redactText('client_secret=abc&scope=x') // 'client_secret=[redacted]&scope=x'
 */
export function redactText(text: string): string {
  if (text.length < 6 || !HINT.test(text)) return text
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(COOKIE, `$1${REDACTED}`)
    .replace(MEMBER, maskMember)
    .replace(BEARER, `$1${REDACTED}`)
    .replace(BASIC, maskBasic)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(WEBHOOK_SECRET, REDACTED)
    .replace(JWT, REDACTED)
}

// Quotes stay, so that masked JSON still reads as JSON.
function maskMember(whole: string, head: string, slashes = '', quote?: string): string {
  const first = whole.charAt(head.length)
  if (quote !== undefined) return `${head}${slashes}${quote}${REDACTED}${slashes}${quote}`
  return first === '"' || first === "'" ? `${head}${first}${REDACTED}${first}` : `${head}${REDACTED}`
}

// "Basic plan" is no credential: those decode to `user:password`.
function maskBasic(whole: string, scheme: string, credentials: string): string {
  return decoded(credentials).includes(':') ? `${scheme}${REDACTED}` : whole
}

// Not Buffer: the editor checks fields with the same code. What has one character too many is read without it.
function decoded(base64: string): string {
  const bare = base64.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return atob(bare.length % 4 === 1 ? bare.slice(0, -1) : bare)
}
