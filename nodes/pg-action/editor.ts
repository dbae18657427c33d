import { openCodeEditor, type CodeEditor } from '../../editor/code-editor.ts'
import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { shownValues } from '../../editor/open-form.ts'
import { openDriftList, type StoredNeed } from '../../editor/pg-action/drift-list.ts'
import { openParamList, type StoredParam } from '../../editor/pg-action/param-list.ts'
import { openTrial } from '../../editor/pg-action/trial.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { parseTemplate, type Template } from '../../lib/postgres/template/parse-template.ts'
import { fields } from './config.ts'

type Placeholders = Pick<Template, 'names' | 'style'>
const NO_STATEMENT: Placeholders = { names: [], style: undefined }

type Words = (key: string) => string

/** The parts of the open form that are no plain inputs. */
interface OpenForm {
  readonly node: EditorNode
  readonly editors: readonly CodeEditor[]
  /** The properties that these parts hold, as they are stored. */
  readonly read: () => Readonly<Record<string, unknown>>
}

let form: OpenForm | undefined

function openForm(node: EditorNode): OpenForm {
  const words: Words = (key) => node._(`pg-action.${key}`)
  const params = openParamList(
    $('#cxone-pg-action-params'),
    listOf(node, 'params') as readonly StoredParam[],
    words,
  )
  const drift = openDriftList(
    $('#cxone-pg-action-drift'),
    listOf(node, 'drift') as readonly StoredNeed[],
    words,
  )
  const transaction = openTransaction(node['transaction'])
  const read = (): Readonly<Record<string, unknown>> => ({
    params: params.read(),
    drift: drift(),
    transaction: transaction(),
  })
  const trial = openTrial({ stored: () => ({ ...shownValues(node), ...read() }), words })
  const follow = (template: Placeholders): void => {
    params.follow(template)
    trial.follow(template.names)
  }
  return { node, editors: [openSql(words, follow), openSchema()], read }
}

function openSql(words: Words, follow: (template: Placeholders) => void): CodeEditor {
  return openCodeEditor({
    input: '#node-input-sql',
    id: 'cxone-pg-action-sql',
    mode: 'sql',
    expand: '#cxone-pg-action-expand',
    onChange: (text) => {
      const isEmpty = text.trim() === ''
      const reason = isEmpty ? words('sqlExample') : fields.sql.check(text)
      tell('#cxone-pg-action-sql-problem', reason)
      // Half typed, the rows stay as they are.
      if (isEmpty) follow(NO_STATEMENT)
      else if (reason === undefined) follow(parseTemplate(text))
    },
  })
}

function openSchema(): CodeEditor {
  return openCodeEditor({
    input: '#node-input-resultSchema',
    id: 'cxone-pg-action-schema',
    mode: 'json',
    onChange: (text) => {
      tell('#cxone-pg-action-schema-problem', fields.resultSchema.check(text))
    },
  })
}

/** Shows how the transaction runs; the function returned reads it. */
function openTransaction(stored: unknown): () => object {
  const isRight = fields.transaction.check(stored) === undefined
  const { isolation, readOnly } = isRight ? fields.transaction.parse(stored) : fields.transaction.default
  $('#cxone-pg-action-isolation').val(isolation)
  $('#cxone-pg-action-read-only').prop('checked', readOnly)
  return () => ({
    isolation: $('#cxone-pg-action-isolation').val(),
    readOnly: $('#cxone-pg-action-read-only').prop('checked') === true,
  })
}

function listOf(node: EditorNode, name: string): readonly object[] {
  const stored = node[name]
  return Array.isArray(stored) ? (stored as readonly object[]) : []
}

function tell(place: string, reason: string | undefined): void {
  $(place)
    .text(reason ?? '')
    .toggle(reason !== undefined)
}

function closeForm(): void {
  for (const editor of form?.editors ?? []) editor.close()
  form = undefined
}

RED.nodes.registerType('pg-action', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'pg-action.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'pg-action',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    database: { value: '', type: 'pg-database', required: true, label: 'database' },
    sql: { value: '', label: 'SQL', validate: valid(fields.sql) },
    params: { value: [], label: 'parameters', validate: valid(fields.params) },
    mode: { value: 'execute', label: 'mode', validate: valid(fields.mode) },
    result: { value: 'rows', label: 'result', validate: valid(fields.result) },
    batchSize: { value: 1000, label: 'rows a batch', validate: valid(fields.batchSize) },
    transaction: {
      value: { isolation: 'read committed', readOnly: false },
      label: 'transaction',
      validate: valid(fields.transaction),
    },
    statementTimeoutMs: {
      value: 2000,
      label: 'statement time-out',
      validate: valid(fields.statementTimeoutMs),
    },
    lockTimeoutMs: { value: 1000, label: 'lock time-out', validate: valid(fields.lockTimeoutMs) },
    maxCost: { value: 1000, label: 'highest plan cost', validate: valid(fields.maxCost) },
    maxRows: { value: 10000, label: 'most rows', validate: valid(fields.maxRows) },
    maxAffected: { value: 0, label: 'most rows changed', validate: valid(fields.maxAffected) },
    maxRetries: { value: 3, label: 'repeats', validate: valid(fields.maxRetries) },
    baseDelayMs: { value: 500, label: 'first wait', validate: valid(fields.baseDelayMs) },
    drift: { value: [], label: 'tables to watch', validate: valid(fields.drift) },
    connectTo: { value: '', label: 'connect to', validate: validTyped('connectTo', fields.connectTo) },
    connectToType: { value: 'off' },
    resultSchema: { value: '', label: 'schema of a row', validate: valid(fields.resultSchema) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'pg-action'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    form = openForm(this)
    typedInputs({ connectTo: fields.connectTo })
    showFor('result')
  },
  oneditsave() {
    Object.assign(this, form?.read())
    closeForm()
  },
  oneditcancel() {
    closeForm()
  },
  oneditdelete() {
    if (form?.node.id === this.id) closeForm() // also called for nodes whose form is not open
  },
  oneditresize() {
    for (const editor of form?.editors ?? []) editor.resize()
  },
})
