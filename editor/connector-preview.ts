import { DEFAULT_RULES } from '../lib/connector/default-rules.ts'
import { readHost } from '../lib/connector/host.ts'
import { jdbcUrl } from '../lib/connector/jdbc-url.ts'
import { isDbType, type DbType } from '../lib/connector/rules.ts'

const PARTS = ['host', 'port', 'database'] as const

/** Shows the JDBC URL that the fields give, and the drivers of the chosen database. */
export function showPreview(node: EditorNode): void {
  const update = (): void => {
    const dbType = $('#node-input-dbType').val()
    if (!isDbType(dbType)) return
    const url = urlOf(dbType)
    $('#node-input-port + * input').attr('placeholder', String(DEFAULT_RULES[dbType].port))
    $('#cxone-jdbc')
      .val(url ?? node._('connector-register.jdbcByMessage'))
      .attr('title', url ?? '')
    const drivers = $('#cxone-drivers').empty()
    for (const version of DEFAULT_RULES[dbType].drivers) drivers.append($('<option>', { value: version }))
  }
  for (const part of PARTS) $(`#node-input-${part}`).on('change', update)
  $('#node-input-dbType').on('change', update)
  update()
}

/** Undefined where a part comes with the message, or is none. */
function urlOf(dbType: DbType): string | undefined {
  const [host, port, database] = PARTS.map((part) => literal(part))
  const { name, port: own } = DEFAULT_RULES[dbType]
  const known = readHost(host)
  const number = port === '' ? own : Number(port)
  if (known === undefined || database === undefined || !name.pattern.test(database)) return undefined
  if (!Number.isInteger(number) || number < 1 || number > 65_535) return undefined
  return jdbcUrl({ dbType, host: known, port: number, database })
}

function literal(part: (typeof PARTS)[number]): string | undefined {
  const input = $(`#node-input-${part}`)
  return /^(?:str|num)$/.test(input.typedInput('type')) ? input.typedInput('value') : undefined
}
