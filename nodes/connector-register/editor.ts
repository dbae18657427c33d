import { saveEvents, showEvents } from '../../editor/connector-events.ts'
import { showPreview } from '../../editor/connector-preview.ts'
import { showDefaults, typedInputs } from '../../editor/fields.ts'
import { saveList, showList } from '../../editor/list-input.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { saveParts, showParts } from '../../editor/parts-input.ts'
import { fields } from './config.ts'

const POOL = ['min', 'max', 'timeoutS'] as const
const HEALTH = ['enabled', 'query', 'intervalS', 'timeoutS'] as const

RED.nodes.registerType('connector-register', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'connector-register.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'connector-register',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    auth: { value: '', type: 'cxone-auth', required: true, label: 'CXone access' },
    connectorId: {
      value: '',
      label: 'connector id',
      validate: validTyped('connectorId', fields.connectorId),
    },
    connectorIdType: { value: 'str' },
    connectorName: {
      value: '',
      label: 'connector name',
      validate: validTyped('connectorName', fields.connectorName),
    },
    connectorNameType: { value: 'str' },
    dbType: { value: 'POSTGRESQL', label: 'database type', validate: valid(fields.dbType) },
    host: { value: '', label: 'host', validate: validTyped('host', fields.host) },
    hostType: { value: 'str' },
    port: { value: '', label: 'port', validate: validTyped('port', fields.port) },
    portType: { value: 'str' },
    database: { value: '', label: 'database', validate: validTyped('database', fields.database) },
    databaseType: { value: 'str' },
    driverVersion: { value: '', label: 'driver version', validate: valid(fields.driverVersion) },
    usernameRef: { value: '', label: 'user, in the vault', validate: valid(fields.usernameRef) },
    passwordRef: { value: '', label: 'password, in the vault', validate: valid(fields.passwordRef) },
    ssl: { value: true, label: 'encrypt', validate: valid(fields.ssl) },
    pool: {
      value: { min: 2, max: 10, timeoutS: 30 },
      label: 'connection pool',
      validate: valid(fields.pool),
    },
    healthCheck: {
      value: { enabled: true, query: 'SELECT 1', intervalS: 60, timeoutS: 5 },
      label: 'health check',
      validate: valid(fields.healthCheck),
    },
    healthTimeoutS: { value: 30, label: 'wait for health', validate: valid(fields.healthTimeoutS) },
    events: { value: [], label: 'events', validate: valid(fields.events) },
    dryRun: { value: false, label: 'plan only', validate: valid(fields.dryRun) },
    force: { value: 'force', label: 'force', validate: validTyped('force', fields.force) },
    forceType: { value: 'msg' },
    preflight: { value: false, label: 'preflight', validate: valid(fields.preflight) },
    vaultUrl: { value: '', label: 'vault URL', validate: validTyped('vaultUrl', fields.vaultUrl) },
    vaultUrlType: { value: 'str' },
    allowPrivate: { value: false, label: 'own network', validate: valid(fields.allowPrivate) },
    allowHosts: { value: [], label: 'allowed hosts', validate: valid(fields.allowHosts) },
    timeoutMs: { value: 10000, label: 'time-out', validate: valid(fields.timeoutMs) },
    concurrency: { value: 4, label: 'at the same time', validate: valid(fields.concurrency) },
    stopOnError: { value: false, label: 'stop on error', validate: valid(fields.stopOnError) },
    progress: { value: 0, label: 'progress each', validate: valid(fields.progress) },
    journal: { value: true, label: 'resume', validate: valid(fields.journal) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  credentials: {
    testUser: { type: 'text' },
    testPassword: { type: 'password' },
    vaultSecret: { type: 'password' },
  },
  label() {
    return this.name || 'connector-register'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { connectorId, connectorName, host, port, database, force, vaultUrl } = fields
    typedInputs({ connectorId, connectorName, host, port, database, force, vaultUrl })
    showParts(this, 'pool', POOL, fields.pool)
    showParts(this, 'healthCheck', HEALTH, fields.healthCheck)
    showEvents(this, fields.events)
    showList(this, 'allowHosts')
    showPreview(this)
  },
  oneditsave() {
    saveParts(this, 'pool', POOL)
    saveParts(this, 'healthCheck', HEALTH)
    saveEvents(this)
    saveList(this, 'allowHosts')
  },
})
