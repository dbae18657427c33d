import { hash32, pick } from './data-action.ts'

/** One row of a resource; the values are what CXone's reports hold: text, numbers, booleans. */
export type Row = Readonly<Record<string, string | number | boolean>>

/** A list resource under `/inContactAPI/services/v30.0/`. */
export interface ListResource {
  readonly rows: readonly Row[]
  /** The property that identifies a row. */
  readonly key: string
  /** Real resources differ: `resultSet` wraps the list, `links` has `_links`, `flat` neither. */
  readonly form: 'resultSet' | 'links' | 'flat'
}

const FIRST = [
  'Ada',
  'Grace',
  'Linus',
  'Margaret',
  'Edsger',
  'Barbara',
  'Donald',
  'Radia',
  'Alan',
  'Hedy',
] as const
const LAST = ['Lindqvist', 'Okafor', 'Tanaka', 'Moreau', 'Silva', 'Novak', 'Hughes', 'Kaya', 'Rossi'] as const
const TOPIC = ['Billing', 'Orders', 'Returns', 'Technical', 'Sales', 'Appointments', 'Complaints'] as const
const CHANNEL = ['Phone', 'Chat', 'Email', 'Work Item', 'SMS'] as const

const rows = (count: number, make: (index: number) => Row): readonly Row[] =>
  Array.from({ length: count }, (_, index) => make(index))

const agents = rows(137, (at): Row => {
  const firstName = pick(FIRST, `first ${at}`)
  const lastName = pick(LAST, `last ${at}`)
  return {
    agentId: 4_600_100 + at,
    userName: `${firstName}.${lastName}.${at}@sandbox.test`.toLowerCase(),
    firstName,
    lastName,
    isActive: hash32(`active ${at}`) % 10 > 0,
    teamId: 501 + (at % 7),
    state: pick(['Available', 'Unavailable', 'LoggedOut', 'Working'], `state ${at}`),
  }
})

const skills = rows(260, (at): Row => {
  const mediaTypeName = pick(CHANNEL, `channel ${at}`)
  return {
    skillId: 70_001 + at,
    skillName: `${pick(TOPIC, `topic ${at}`)} ${mediaTypeName} ${at + 1}`,
    mediaTypeName,
    isActive: at % 11 > 0,
    isOutbound: at % 5 === 0,
    campaignId: 900 + (at % 12),
  }
})

const teams = rows(7, (at): Row => ({
  teamId: 501 + at,
  teamName: `${TOPIC[at] ?? 'Other'} team`,
  isActive: true,
}))

/** The list resources that the sandbox has. All others are echoed. */
export const LIST_RESOURCES: ReadonlyMap<string, ListResource> = new Map<string, ListResource>([
  ['agents', { rows: agents, key: 'agentId', form: 'resultSet' }],
  ['skills', { rows: skills, key: 'skillId', form: 'links' }],
  ['teams', { rows: teams, key: 'teamId', form: 'flat' }],
])
