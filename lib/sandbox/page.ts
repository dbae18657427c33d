import { LIMITED_CLIENT, SANDBOX_ACCESS_KEY, SANDBOX_CLIENT, SANDBOX_WEBHOOK_SECRET } from './credentials.ts'
import { SANDBOX_ACTIONS } from './data-action-catalogue.ts'
import { FAULT_ROUTES } from './fault-script.ts'
import type { Route } from './http-types.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './page-assets.ts'

/** Only the page's own files: texts of callers that it shows cannot run. */
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'"

/** The page at `/` that tells what the sandbox offers and shows the last calls, for people. */
export function pageRoutes(dnsServer: () => string): Route[] {
  const asset = (pattern: string, type: string, body: string): Route => ({
    name: 'sandbox',
    method: 'GET',
    pattern,
    handle: () => ({ status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body }),
  })
  const handle: Route['handle'] = ({ baseUrl }) => ({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
    body: html(baseUrl, dnsServer()),
  })
  return [
    { name: 'sandbox', method: 'GET', pattern: '/', handle },
    asset('/sandbox/page.css', 'text/css', PAGE_STYLE),
    asset('/sandbox/page.js', 'text/javascript', PAGE_SCRIPT),
    { name: 'sandbox', method: 'GET', pattern: '/favicon.ico', handle: () => ({ status: 204 }) },
  ]
}

function html(url: string, dnsServer: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>CXone sandbox</title>
<link rel="stylesheet" href="/sandbox/page.css">
<script src="/sandbox/page.js" defer></script>
</head>
<body>
<header>
<h1>CXone sandbox</h1>
<p>Plays NICE CXone at <code>${url}</code> for flows that are being built or tested. Nothing here is secret, and nothing
leaves this machine.</p>
</header>
<main>
${callsSection()}
${accessSection()}
${actionsSection()}
${moreSection(dnsServer)}
${faultsSection(url)}
</main>
</body>
</html>
`
}

function callsSection(): string {
  return `<section>
<h2>Last calls</h2>
<table id="calls">
<thead><tr><th>Time</th><th>Call</th><th>Answer</th><th>Took</th><th></th></tr></thead>
<tbody></tbody>
</table>
<p id="none">No call yet. Send a message through a flow, and it shows up here.</p>
</section>`
}

function accessSection(): string {
  return `<section>
<h2>Access</h2>
${list([
  ['Client', code(`${SANDBOX_CLIENT.id} / ${SANDBOX_CLIENT.secret}`)],
  [
    'Limited client',
    `${code(`${LIMITED_CLIENT.id} / ${LIMITED_CLIENT.secret}`)} has ${code(LIMITED_CLIENT.scopes.join(' '))} only`,
  ],
  ['Access key', code(`${SANDBOX_ACCESS_KEY.id} / ${SANDBOX_ACCESS_KEY.secret}`)],
  ['Client credentials', ['/api/v2/oauth/token', '/oauth/token', '/oauth2/token'].map(code).join(' ')],
  ['Password grant', `${code('/auth/token')}, found by ${link('/.well-known/openid-configuration')}`],
  ['Access key alone', code('/authentication/v1/token/access-key')],
])}
</section>`
}

function actionsSection(): string {
  const rows = SANDBOX_ACTIONS.map(({ id, description, endpointUrl }) => {
    return `<tr><td>${code(id)}</td><td>${description}</td><td>${new URL(endpointUrl).hostname}</td></tr>`
  })
  return `<section>
<h2>Data actions</h2>
<table>
<thead><tr><th>Id</th><th>What it does</th><th>Host</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>
</section>`
}

function moreSection(dnsServer: string): string {
  return `<section>
<h2>More</h2>
${list([
  [
    'Connectors',
    `${code('PUT')} and ${code('GET')} ${code('/api/v1/integrations/connectors/{id}')}, health below it`,
  ],
  [
    'ACD API',
    `${code('/inContactAPI/services/v30.0/')} with ${code('agents')}, ${code('skills')}, ${code('teams')}; the rest is echoed`,
  ],
  [
    'Webhook sink',
    `${code('/webhooks/sink')}, or any path below ${code('/webhooks/')}, checks signatures with ${code(SANDBOX_WEBHOOK_SECRET)}; ${link('/sandbox/webhooks', 'what came')}`,
  ],
  ['DNS server', `${code(dnsServer)} knows ${code('*.sandbox.test')}, by UDP and TCP`],
])}
</section>`
}

function faultsSection(url: string): string {
  const command = `curl -X POST ${url}/sandbox/faults -d '{"faults": ["execute:429/2,503,200"]}'`
  return `<section>
<h2>Faults</h2>
<p>The next execution is answered 429 with <code>Retry-After: 2</code>, the one after it 503, the third as usual:</p>
<pre>${command}</pre>
<p>Routes: ${FAULT_ROUTES.map(code).join(' ')}. Waiting: ${link('/sandbox/faults')}.</p>
</section>`
}

const code = (text: string): string => `<code>${text}</code>`
const link = (path: string, text = path): string => `<a href="${path}">${text}</a>`
const list = (rows: readonly (readonly [string, string])[]): string =>
  `<dl>${rows.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n')}</dl>`
