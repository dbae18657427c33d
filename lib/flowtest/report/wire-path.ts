/** A point of the canvas, in pixels. */
export interface Point {
  readonly x: number
  readonly y: number
}

const NODE_WIDTH = 100
const NODE_HEIGHT = 30
const CURVE = 0.75

/** The SVG path of a wire from an output to an input, as Node-RED's editor draws it. */
export function wirePath(from: Point, to: Point): string {
  const dx = to.x - from.x
  const dy = to.y - from.y
  if (dx <= 0) return Math.abs(dy) < 10 ? around(from, to) : backwards(from, to)
  const length = Math.hypot(dx, dy)
  const reach =
    NODE_WIDTH * (length < NODE_WIDTH ? CURVE - CURVE * ((NODE_WIDTH - length) / NODE_WIDTH) : CURVE)
  return `M ${from.x} ${from.y} C ${from.x + reach} ${from.y} ${to.x - reach} ${to.y} ${to.x} ${to.y}`
}

// To an input that lies behind, at the same height: below both nodes.
function around(from: Point, to: Point): string {
  const bottom = Math.max(from.y, to.y) + 25
  return [
    `M ${from.x} ${from.y}`,
    `C ${from.x + 15} ${from.y} ${from.x + 25} ${from.y + 5} ${from.x + 25} ${(from.y + bottom) / 2}`,
    `C ${from.x + 25} ${bottom - 5} ${from.x + 15} ${bottom} ${from.x} ${bottom}`,
    `h ${to.x - from.x}`,
    `C ${to.x - 15} ${bottom} ${to.x - 25} ${bottom - 5} ${to.x - 25} ${(to.y + bottom) / 2}`,
    `C ${to.x - 25} ${to.y + 5} ${to.x - 15} ${to.y} ${to.x} ${to.y}`,
  ].join(' ')
}

function backwards(from: Point, to: Point): string {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const down = dy > 0
  const scale = 0.4 - 0.2 * (Math.max(0, NODE_WIDTH - Math.min(Math.abs(dx), Math.abs(dy))) / NODE_WIDTH)
  const mid = { x: Math.floor(to.x - dx / 2), y: Math.floor(to.y - dy / 2) }
  const bend = NODE_HEIGHT / 2
  const y1 = (to.y + mid.y) / 2
  const near = (limit: number, value: number): number =>
    down ? Math.min(limit, value) : Math.max(limit, value)
  const far = (limit: number, value: number): number =>
    down ? Math.max(limit, value) : Math.min(limit, value)
  const sign = down ? 1 : -1
  const top = { x: from.x + NODE_WIDTH * scale, y: near(y1 - dy / 2, from.y + sign * bend) }
  const bottom = { x: to.x - NODE_WIDTH * scale, y: far(y1, to.y - sign * bend) }
  const first = { x: (from.x + top.x) / 2, y: far(from.y, top.y - sign * bend) }
  const second = { x: first.x, y: near(mid.y, top.y + sign * bend) }
  let third = far(mid.y, bottom.y - sign * bend)
  if (second.y === top.y + sign * bend) {
    // Room enough for round corners.
    if (Math.abs(dy) < bend * 10) {
      first.y = top.y - (sign * bend) / 2
      third = bottom.y - (sign * bend) / 2
    }
    second.x = top.x
  }
  return [
    `M ${from.x} ${from.y}`,
    `C ${first.x} ${from.y} ${top.x} ${first.y} ${top.x} ${top.y}`,
    `S ${second.x} ${second.y} ${mid.x} ${mid.y}`,
    `S ${bottom.x} ${third} ${bottom.x} ${bottom.y}`,
    `S ${(to.x + bottom.x) / 2} ${to.y} ${to.x} ${to.y}`,
  ].join(' ')
}
