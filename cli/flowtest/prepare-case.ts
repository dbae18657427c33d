import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { configError, inputError } from '../../lib/errors.ts'
import { Expectations, type ResolvedExpectation } from '../../lib/flowtest/expectations.ts'
import { findNode } from '../../lib/flowtest/find-node.ts'
import type { NodeLook } from '../../lib/flowtest/node-looks.ts'
import { resolveStubs } from '../../lib/flowtest/stubs.ts'
import type { Expectation, ExpectedSchema, TestCase } from '../../lib/flowtest/suite.ts'
import type { Topology } from '../../lib/flowtest/topology.ts'
import { SANDBOX_ACTIONS } from '../../lib/sandbox/data-action-catalogue.ts'
import { CHECK_ONLY, compileSchema } from '../../lib/schema/compile.ts'
import { choosePart } from '../../lib/schema/data-action-schema.ts'
import { isSchema, type JsonSchema } from '../../lib/schema/json-schema.ts'
import type { SchemaValidator } from '../../lib/schema/validator.ts'
import type { Job } from './protocol.ts'
import type { PreparedCase } from './run-case.ts'

const DEFAULT_TIMEOUT_MS = 5000

/** The time-out of a case: its own, that of its file, or 5 s. */
export const timeoutOf = (job: Pick<Job, 'suite'>, test: TestCase): number =>
  test.timeoutMs ?? job.suite.timeoutMs ?? DEFAULT_TIMEOUT_MS

/**
 * Finds the nodes, stubs and schemas that a case names.
 *
 * @throws `INPUT_INVALID` with `details.path`, the place in the case file.
 */
export async function prepareCase(
  job: Job,
  at: number,
  parts: {
    readonly topology: Topology
    readonly looks: ReadonlyMap<string, NodeLook>
    readonly mark: (runningId: string) => void
  },
): Promise<PreparedCase> {
  const { topology, looks, mark } = parts
  const test = job.suite.cases[at]
  if (!test) throw new Error(`There is no case ${at + 1}`)
  const failureModes = new Map([...looks].map(([type, look]) => [type, look.failureModes]))
  const resolved = await Promise.all(
    test.expect.map((each, index) =>
      resolveExpectation(job, topology, each, `cases[${at}].expect[${index}]`),
    ),
  )
  return {
    test,
    topology,
    mark,
    failureModes,
    expectations: new Expectations(resolved, (id) => topology.nodes.get(id)?.name ?? id),
    stubs: resolveStubs(job.suite, at, topology, failureModes),
    inputs: new Map([...looks].map(([type, look]) => [type, look.inputs])),
    timeoutMs: timeoutOf(job, test),
  }
}

async function resolveExpectation(
  job: Job,
  topology: Topology,
  expectation: Expectation,
  path: string,
): Promise<ResolvedExpectation> {
  const { node, order = [], output, schema } = expectation
  const found = node === undefined ? undefined : findNode(topology, node, `${path}.node`)
  if (found && output !== undefined && output > found.outputs) {
    throw inputError(
      `${path}.output`,
      `Node \`${found.name}\` has ${found.outputs} outputs, there is no output ${output}`,
    )
  }
  return {
    expectation,
    node: found?.id,
    order: order.map((name, index) => findNode(topology, name, `${path}.order[${index}]`).id),
    schema: schema ? await compileExpected(job, schema, `${path}.schema`) : undefined,
  }
}

async function compileExpected(job: Job, source: ExpectedSchema, path: string): Promise<SchemaValidator> {
  const schema = await schemaOf(job, source, path)
  return compileSchema(path, schema, CHECK_ONLY)
}

async function schemaOf(job: Job, source: ExpectedSchema, path: string): Promise<JsonSchema> {
  const { json, file, dataAction, part = 'output' } = source
  if (json !== undefined) return json
  if (file !== undefined) return schemaOfFile(resolve(job.base, file), part, path)
  const action = SANDBOX_ACTIONS.find(({ id }) => id === dataAction)
  if (!action) {
    const known = SANDBOX_ACTIONS.map(({ id }) => id).join(', ')
    throw inputError(
      `${path}.dataAction`,
      `The sandbox has no data action \`${dataAction ?? ''}\`; it has ${known}`,
    )
  }
  return part === 'input' ? action.inputSchema : action.outputSchema
}

async function schemaOfFile(
  file: string,
  part: 'input' | 'output' | 'whole',
  path: string,
): Promise<JsonSchema> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw inputError(`${path}.file`, `\`${file}\` cannot be read as JSON: ${(cause as Error).message}`, cause)
  }
  const isDefinition =
    typeof value === 'object' &&
    value !== null &&
    ['schema', 'inputSchema', 'outputSchema'].some((name) => name in value)
  const schema = isDefinition ? choosePart(value as Record<string, unknown>, part) : value
  if (isSchema(schema)) return schema
  throw configError(`${path}.file`, `\`${file}\` holds no schema for the part \`${part}\``)
}
