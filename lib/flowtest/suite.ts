import type { ErrorCode } from '../errors.ts'
import type { Profiles } from './profiles.ts'

/** Any part of a message. */
export type Message = Readonly<Record<string, unknown>>

/** An HTTP request to an endpoint of the flow. At most one of `body`, `form` and `text`. */
export interface HttpRequest {
  /** The one that the endpoint answers, unless given. */
  readonly method?: string
  /** The one of the trigger's node, unless given. */
  readonly path?: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as a form: values that are no text as JSON. */
  readonly form?: Message
  /** Sent as it is. */
  readonly text?: string
  /** The caller goes away after so many milliseconds. */
  readonly hangUpMs?: number
}

/** What starts a case. Exactly one of `inject`, `message`, `mock` and `http`. */
export interface Trigger {
  /** Needed but for `http` with a `path`. */
  readonly node?: string
  /** Press the button of an inject node. */
  readonly inject?: true
  readonly message?: Message
  /** A data action event as CXone sends it, with these values deep-merged. */
  readonly mock?: Message
  readonly http?: HttpRequest
  /** A node that must have been reached before; else the triggers follow each other at once. */
  readonly after?: string
  /** Let the message leave at this output (from 1) instead of entering. */
  readonly output?: number
  readonly times?: number
}

/** An error that a stubbed node fails with, or that a node is expected to fail with. */
export interface Failure {
  readonly code?: ErrorCode | (string & {})
  readonly message?: unknown
  readonly details?: unknown
}

/** What a node answers instead of working. Exactly one of `sends`, `fails` and `passes`. */
export interface Stub {
  readonly node: string
  /** Properties set on the message before it is sent on; a list has one entry an output. */
  readonly sends?: Message | readonly (Message | null)[]
  readonly fails?: Failure | string
  /** The message goes on unchanged at the first output. */
  readonly passes?: true
  readonly delayMs?: number
}

/** What must have happened. */
export interface Expectation {
  readonly node?: string
  /** Partial message at the node's input. */
  readonly receives?: Message
  /** Partial message at the node's output `output` (from 1). */
  readonly sends?: Message
  readonly output?: number
  readonly fails?: Failure | string
  /** Whether, how often, or a matcher of how often. */
  readonly reached?: boolean | number | Message
  /** Which of several messages, from 1. */
  readonly nth?: number
  readonly withinMs?: number
  /** JSON Schema that `property` of the message must match. */
  readonly schema?: ExpectedSchema
  readonly property?: string
  /** Nodes in the order in which they must have been reached. */
  readonly order?: readonly string[]
  /** Partial answer to an HTTP request of the case, to the endpoint `node` where that is named. */
  readonly answers?: ExpectedAnswer
}

/** Parts of an answer to an HTTP request. */
export interface ExpectedAnswer {
  readonly status?: unknown
  /** Names in any case. */
  readonly headers?: Message
  /** What JSON holds, else text. */
  readonly body?: unknown
}

/** Where the JSON Schema of an expectation comes from. Exactly one of `json`, `file` and `dataAction`. */
export interface ExpectedSchema {
  readonly json?: Message | boolean
  /** A JSON Schema or a stored data action definition, beside the case file. */
  readonly file?: string
  /** A data action of the sandbox. */
  readonly dataAction?: string
  readonly part?: 'input' | 'output' | 'whole'
}

/** The time that a case runs at. */
export type ClockSetting = string | { readonly at: string; readonly ticks?: boolean }

/** One test case. */
export interface TestCase {
  readonly name: string
  readonly skip?: string
  readonly clock?: ClockSetting
  readonly seed?: number
  readonly timeoutMs?: number
  /** Errors that no Catch node takes and no expectation names are all right. */
  readonly allowErrors?: boolean
  readonly trigger: Trigger | readonly Trigger[]
  readonly stubs?: readonly Stub[]
  readonly expect: readonly Expectation[]
}

/** A case file. */
export interface Suite {
  readonly flows?: string
  readonly profiles?: Profiles
  readonly credentials?: Profiles
  readonly timeoutMs?: number
  readonly clock?: ClockSetting
  readonly seed?: number
  readonly stubs?: readonly Stub[]
  readonly cases: readonly TestCase[]
}
