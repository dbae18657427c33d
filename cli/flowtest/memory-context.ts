type Callback = (error?: unknown, ...values: unknown[]) => void

interface ObjectProperties {
  getObjectProperty(object: object, path: string): unknown
  setObjectProperty(object: object, path: string, value: unknown): unknown
}

/** Node-RED's context, kept in memory and emptied between two cases. */
export class MemoryContext {
  readonly #util: () => ObjectProperties
  #scopes = new Map<string, Record<string, unknown>>()

  constructor(util: () => ObjectProperties) {
    this.#util = util
  }

  reset(): void {
    this.#scopes.clear()
  }

  open = async (): Promise<void> => {}
  close = async (): Promise<void> => {}
  clean = async (): Promise<void> => {}

  delete = async (scope: string): Promise<void> => {
    this.#scopes.delete(scope)
    await Promise.resolve()
  }

  get = (scope: string, key: string | readonly string[], callback?: Callback): unknown => {
    const read = (path: string): unknown => {
      const data = this.#scopes.get(scope)
      return data === undefined ? undefined : this.#read(data, path)
    }
    return answer(
      callback,
      () => (typeof key === 'string' ? [read(key)] : key.map(read)),
      typeof key !== 'string',
    )
  }

  set = (scope: string, key: string | readonly string[], value: unknown, callback?: Callback): void => {
    const keys = typeof key === 'string' ? [key] : key
    const values: readonly unknown[] = typeof key !== 'string' && Array.isArray(value) ? value : [value]
    answer(callback, () => {
      const data = this.#scopes.get(scope) ?? {}
      this.#scopes.set(scope, data)
      keys.forEach((path, at) =>
        this.#util().setObjectProperty(data, path, at < values.length ? values[at] : null),
      )
      return []
    })
  }

  keys = (scope: string, callback?: Callback): unknown => {
    const own = Object.keys(this.#scopes.get(scope) ?? {})
    return answer(callback, () => [scope === 'global' ? own.filter((name) => !FUNCTIONS.has(name)) : own])
  }

  #read(data: object, path: string): unknown {
    try {
      return this.#util().getObjectProperty(data, path)
    } catch (error) {
      if ((error as { code?: string }).code === 'INVALID_EXPR') throw error
      return undefined
    }
  }
}

const FUNCTIONS: ReadonlySet<string> = new Set(['set', 'get', 'keys'])

// The API of context stores: a value returned, or a call-back called.
function answer(callback: Callback | undefined, make: () => readonly unknown[], isList = false): unknown {
  if (!callback) {
    const values = make()
    return isList ? values : values[0]
  }
  try {
    const values = make()
    callback(undefined, ...values)
  } catch (error) {
    callback(error)
  }
  return undefined
}
