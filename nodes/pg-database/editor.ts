import { showDefaults, showFor } from '../../editor/fields.ts'
import { shownValue } from '../../editor/open-form.ts'
import { valid } from '../../editor/validators.ts'
import type { Field } from '../../lib/config/fields.ts'
import { fields, POOL_MAX, poolReason } from './config.ts'

/** A property of the server form, or what it is while the form is open. */
const shown = (node: EditorNode, name: string, fallback: unknown): unknown =>
  shownValue(node, name, 'config-input') ?? node[name] ?? fallback

/** A property of one mode plays no part in the other. */
const validIn = (mode: string, field: Field<unknown>): Validator =>
  // Two parameters, or Node-RED takes a reason for a success.
  function (value, options) {
    return shown(this, 'mode', 'embedded') === mode ? valid(field).call(this, value, options) : true
  }

let sqlEditor: ReturnType<typeof RED.editor.createEditor> | undefined

function openSqlEditor(): void {
  const input = $('#node-config-input-initSql')
  const editor = RED.editor.createEditor({
    id: 'cxone-pg-database-init-sql',
    mode: 'ace/mode/sql',
    value: input.val(),
    minimap: { enabled: false },
    wordWrap: 'on',
  })
  editor.getSession().on('change', () => {
    input.val(editor.getValue()).trigger('change')
  })
  sqlEditor = editor
}

function closeSqlEditor(): void {
  sqlEditor?.destroy()
  sqlEditor = undefined
}

RED.nodes.registerType('pg-database', {
  category: 'config',
  icon: 'pg-database.svg',
  paletteLabel: 'pg-database',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    mode: { value: 'embedded', label: 'database', validate: valid(fields.mode) },
    dataDir: { value: '', label: 'folder', validate: validIn('embedded', fields.dataDir) },
    initSql: { value: '', label: 'SQL for a new database', validate: validIn('embedded', fields.initSql) },
    host: { value: 'localhost', label: 'host', validate: validIn('server', fields.host) },
    port: { value: 5432, label: 'port', validate: validIn('server', fields.port) },
    database: { value: 'postgres', label: 'database name', validate: validIn('server', fields.database) },
    ssl: { value: 'prefer', label: 'encryption', validate: validIn('server', fields.ssl) },
    tls: { value: '', type: 'tls-config', required: false, label: 'TLS' },
    poolMax: { value: 10, label: 'most connections', validate: validIn('server', fields.poolMax) },
    poolMin: {
      value: 0,
      label: 'connections kept open',
      validate(value, options) {
        const right = validIn('server', fields.poolMin).call(this, value, options)
        if (right !== true || shown(this, 'mode', 'embedded') !== 'server') return right
        return poolReason(Number(value), Number(shown(this, 'poolMax', POOL_MAX))) ?? true
      },
    },
    idleTimeoutMs: {
      value: 30000,
      label: 'close idle after',
      validate: validIn('server', fields.idleTimeoutMs),
    },
    connectTimeoutMs: {
      value: 5000,
      label: 'wait for a connection',
      validate: valid(fields.connectTimeoutMs),
    },
    maxWaiting: { value: 1000, label: 'longest queue', validate: valid(fields.maxWaiting) },
    applicationName: {
      value: 'cxone-flows',
      label: 'application name',
      validate: validIn('server', fields.applicationName),
    },
  },
  credentials: {
    user: { type: 'text' },
    password: { type: 'password' },
    connectionString: { type: 'password' },
  },
  label() {
    if (this.name) return this.name
    if (this['mode'] !== 'server') return 'embedded PostgreSQL'
    const { database, host } = this as { database?: string; host?: string }
    return `${database || 'postgres'} on ${host || 'localhost'}`
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this, 'config-input')
    showFor('mode', 'config-input')
    openSqlEditor()
    $('#node-config-input-mode').on('change', () => {
      sqlEditor?.resize()
      $('#cxone-pg-database-result').empty() // it told of the other one
      for (const name of ['host', 'port', 'database', 'poolMin', 'dataDir'])
        $(`#node-config-input-${name}`).trigger('change') // judged anew
    })
    $('#node-config-input-poolMax').on('change', () => {
      $('#node-config-input-poolMin').trigger('change')
    })
    $('#cxone-pg-database-test').on('click', (event) => {
      event.preventDefault()
      test(this)
    })
  },
  oneditsave: closeSqlEditor,
  oneditcancel: closeSqlEditor,
  oneditresize() {
    sqlEditor?.resize()
  },
})

interface Report {
  version: string
  database: string
  user: string
  tls: boolean
  latencyMs: number
  total: number
  idle: number
  waiting: number
}

function test(node: EditorNode): void {
  showLines(node, 'testing', [])
  $.ajax({ url: `cxone/pg-database/${encodeURIComponent(node.id)}/test`, type: 'POST' }).then(
    (answer) => {
      const { version, database, user, tls, latencyMs, total, idle, waiting } = answer as Report
      showLines(node, 'connected', [
        ['version', version],
        ['database', database],
        ['user', user],
        ['encrypted', node._(tls ? 'pg-database.yes' : 'pg-database.no')],
        ['latency', `${latencyMs} ms`],
        [
          'connections',
          `${total} (${idle} ${node._('pg-database.idle')}, ${waiting} ${node._('pg-database.waiting')})`,
        ],
      ])
    },
    (failure: unknown) => {
      const { responseJSON, status } = failure as { responseJSON?: Record<string, string>; status: number }
      const { code = `HTTP ${status}`, message = '' } = responseJSON ?? {}
      showLines(node, 'failed', [[code, message]])
    },
  )
}

function showLines(node: EditorNode, title: string, lines: readonly (readonly [string, string])[]): void {
  const result = $('#cxone-pg-database-result').empty()
  $('<strong>')
    .text(node._(`pg-database.${title}`))
    .appendTo(result)
  for (const [name, value] of lines) {
    const key = `pg-database.result.${name}`
    const label = node._(key)
    $('<div>')
      .text(`${label === key ? name : label}: ${value}`)
      .appendTo(result)
  }
}
