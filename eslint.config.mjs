import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const noRealWorld = [
  'fetch',
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'process',
  'XMLHttpRequest',
].map((name) => ({ name, message: 'lib/ gets time, network and storage as ports; see lib/ports.ts' }))

const realBuiltIns = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'dgram',
  'dns',
  'dns/promises',
  'http',
  'https',
  'http2',
  'child_process',
  'timers',
  'timers/promises',
]
const noSockets = realBuiltIns.map((name) => ({
  name: `node:${name}`,
  message: 'only lib/system.ts touches the real ones',
}))

const layer = (...groups) => ({ 'no-restricted-imports': ['error', { patterns: groups }] })
const forbid = (group, message) => ({ group, message })
const fromNodeRed = forbid(['node-red', 'node-red/**', '@node-red/**'], 'lib/ knows nothing of Node-RED')
const fromAbove = forbid(
  ['**/nodes/**', '**/editor/**', '**/cli/**'],
  'imports point down only: nodes -> lib, cli -> lib',
)

export default defineConfig(
  { ignores: ['dist/**', 'coverage/**', '.cache/**', '.node-red/**', 'node_modules/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './tsconfig.editor.json'] } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration > :not(FunctionDeclaration[id.name="register"])',
          message: 'named exports only',
        },
      ],
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...noRealWorld],
      'no-restricted-imports': ['error', { paths: noSockets, patterns: [fromNodeRed, fromAbove] }],
    },
  },
  {
    // the places where the real world begins
    files: [
      'lib/system.ts',
      'lib/http/**/*.ts',
      'lib/sandbox/**/*.ts',
      'lib/dns/transport/**/*.ts',
      'lib/postgres/server/**/*.ts',
      'lib/postgres/embedded/**/*.ts',
      'lib/connector/preflight/**/*.ts',
      'lib/doctor/network/**/*.ts',
    ],
    rules: layer(fromNodeRed, fromAbove),
  },
  { files: ['**/*.d.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['lib/system.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['nodes/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...noRealWorld],
      ...layer(
        forbid(['**/cli/**', '**/editor/**'], 'a node is built on lib/ alone'),
        forbid(
          ['undici', 'ajv', 'dns-packet', 'pg', 'pg-*', '@electric-sql/*'],
          'domain logic belongs in lib/',
        ),
      ),
    },
  },
  {
    files: ['nodes/*/editor.ts', 'editor/**/*.ts'],
    rules: layer(
      forbid(
        ['node:*', '**/nodes/*/*', '!**/config.ts', '!./config.ts', '**/cli/**'],
        'browser code: only pure parts of lib/',
      ),
    ),
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
)
