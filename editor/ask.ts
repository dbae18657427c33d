/** What a route answers when it fails. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * Asks a route of the palette.
 *
 * @param options.noAnswer what to say when the runtime does not answer as it should.
 */
export function ask(
  route: string,
  body: object,
  options: {
    readonly noAnswer: string
    readonly done: (answer: unknown) => void
    readonly failed: (failure: Failure) => void
  },
): void {
  const { noAnswer, done, failed } = options
  const request = { url: `cxone/${route}`, type: 'POST', contentType: 'application/json' }
  $.ajax({ ...request, data: JSON.stringify(body) }).then(done, (response: unknown) => {
    const { responseJSON, status } = response as { responseJSON?: unknown; status: number }
    const { code, message, details } = (responseJSON ?? {}) as Partial<Failure>
    if (code === undefined || message === undefined) failed({ code: `HTTP ${status}`, message: noAnswer })
    else failed({ code, message, ...(details ? { details } : {}) })
  })
}

/** Runs a handler when a button of the form is pressed. */
export function onClick(button: string, handler: () => void): void {
  $(button).on('click', (event) => {
    event.preventDefault()
    handler()
  })
}
