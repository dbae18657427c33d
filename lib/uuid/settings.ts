/** The versions that can be made (RFC 9562, 5). */
export const UUID_VERSIONS = ['4', '1', '3', '5', '6', '7'] as const
export type UuidVersion = (typeof UUID_VERSIONS)[number]

/** The text forms that are written and read. */
export const UUID_FORMATS = ['canonical', 'hex', 'urn', 'base64url'] as const
export type UuidFormat = (typeof UUID_FORMATS)[number]

/** What is done with a message. */
export const UUID_MODES = ['generate', 'verify', 'derive'] as const
export type UuidMode = (typeof UUID_MODES)[number]

/** Where made UUIDs are remembered. */
export type UuidRegistryKind = 'none' | 'memory'

/** What a node of UUIDs is set to. */
export interface UuidSettings {
  readonly mode: UuidMode
  readonly uuidVersion: UuidVersion
  readonly format: UuidFormat
  readonly registry: UuidRegistryKind
  /** The most UUIDs remembered; the oldest go first. */
  readonly registryCapacity: number
  /** More duplicates than this in one message fail it. */
  readonly maxDuplicates: number
}
