/** No value could be found for a place of a schema. */
export class Unsatisfiable extends Error {
  /** JSON Pointer of the keyword, as a URI fragment: `#/properties/total/multipleOf`. */
  readonly schemaPath: string

  constructor(schemaPath: string, reason: string) {
    super(reason)
    this.schemaPath = schemaPath
  }

  /** The keyword that cannot be met. */
  get keyword(): string {
    return this.schemaPath.slice(this.schemaPath.lastIndexOf('/') + 1)
  }
}

/** The search takes too long: trying on does not help. */
export class TooLarge extends Unsatisfiable {}
