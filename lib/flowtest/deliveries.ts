/** What is on its way, by the message that carries it. A message may be on its way several times: first come, first taken. */
export class Deliveries<T extends object> {
  readonly #underWay = new Map<object, T | T[]>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(message: object, delivery: T): void {
    const before = this.#underWay.get(message)
    this.#count += 1
    if (Array.isArray(before)) before.push(delivery)
    else this.#underWay.set(message, before ? [before, delivery] : delivery)
  }

  /** The delivery that arrives with a message; undefined where it came otherwise. */
  take(message: object): T | undefined {
    const delivery = this.#underWay.get(message)
    if (delivery === undefined) return undefined
    this.#count -= 1
    if (!Array.isArray(delivery)) {
      this.#underWay.delete(message)
      return delivery
    }
    const first = delivery.shift()
    if (delivery.length === 0) this.#underWay.delete(message)
    return first
  }
}
