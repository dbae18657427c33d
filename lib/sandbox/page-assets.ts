/** The style of the sandbox's page; light or dark as the reader's system is. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1d2733, #e3e9ef);
  --soft: light-dark(#566474, #9aa8b6);
  --line: light-dark(#d9dfe5, #323d49);
  --card: light-dark(#ffffff, #1a222b);
  --ground: light-dark(#f3f5f7, #12181f);
  --link: light-dark(#0b63a5, #7cc0f5);
  --good: light-dark(#1c7c3c, #6fcf8e);
  --bad: light-dark(#b3261e, #ff9b91);
}
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
header p { color: var(--soft); margin: .3rem 0 1.2rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem;
  margin-bottom: 1rem; overflow-x: auto; }
code, pre, #calls td { font-family: ui-monospace, monospace; font-size: .87em; }
pre { margin: 0; padding: .6rem .8rem; background: var(--ground); border-radius: 6px; overflow-x: auto; }
a { color: var(--link); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
#calls td:nth-child(2) { overflow-wrap: anywhere; }
#calls td:not(:nth-child(2)) { white-space: nowrap; }
td:first-child { white-space: nowrap; }
#calls tbody:empty { display: none; }
.good { color: var(--good); }
.bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
`

/** Shows the newest calls, asked for every two seconds while the page is looked at. Texts are set as text only. */
export const PAGE_SCRIPT = `
const body = document.querySelector('#calls tbody')
const none = document.querySelector('#none')

function row({ at, method, path, status, latencyMs, note }) {
  const line = document.createElement('tr')
  const time = new Date(at).toLocaleTimeString()
  const answer = status === 0 ? 'dropped' : String(status)
  const texts = [time, method + ' ' + path, answer, latencyMs.toFixed(1) + ' ms', note ?? '']
  for (const text of texts) line.insertCell().textContent = text
  line.cells[2].className = status >= 200 && status < 400 ? 'good' : 'bad'
  return line
}

async function refresh() {
  if (document.hidden) return
  try {
    const { requests } = await (await fetch('/sandbox/requests')).json()
    body.replaceChildren(...requests.slice(-30).reverse().map(row))
    none.hidden = requests.length > 0
  } catch {
    none.textContent = 'The sandbox does not answer: it was stopped.'
    none.hidden = false
  }
}

refresh()
setInterval(refresh, 2000)
document.addEventListener('visibilitychange', refresh)
`
