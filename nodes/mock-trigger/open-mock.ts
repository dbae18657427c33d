import type { CxoneAccess } from '../../lib/cxone/access.ts'
import type { BeginMock } from '../../lib/mock/mock.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import type { NodeAPI } from '../adapter/types.ts'
import type { MockTriggerConfig } from './config.ts'

/** Makes what makes the events of a node. Only the source `schema` needs an access to CXone. */
export async function openMock(RED: NodeAPI, config: MockTriggerConfig): Promise<BeginMock> {
  const { createMock } = await import('../../lib/mock/mock.ts')
  const ports = { clock: systemClock, random: systemRandom }
  if (config.source !== 'schema') return createMock(config, ports)
  const { lookup } = await useConfig<CxoneAccess>(RED, config.auth, 'cxone-auth', 'auth')
  const { inputsFinder } = await import('../../lib/mock/input-data.ts')
  return createMock(config, { ...ports, findInputs: inputsFinder(lookup, config) })
}
