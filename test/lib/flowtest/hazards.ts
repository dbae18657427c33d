// Code in which text that is written into it could change its meaning: what starts, ends and continues where.

/** Bodies of Function nodes that end for each payload; they set what they find on `msg`. */
export const HAZARDS: readonly string[] = [
  // No semicolons.
  'let a = 1\nlet b = a\nif (msg.payload) a = 2\nelse b = 3\n;[a, b].forEach((x) => { msg.s = (msg.s || 0) + x })\nreturn msg',
  'var i = 0\ni\n++i\nmsg.i = i\nreturn msg',
  'do msg.n = 1; while (false) msg.m = 2\nreturn msg',
  'do { msg.n = 1 } while (msg.payload < 0) msg.m = 2',
  "if (msg.payload)\n  msg.a = 1 // else\nelse\n  msg.a = 2 /* if (x) */\nmsg.b = '} else {'",
  'const re = /if (a) { b } else/g\nmsg.c = re.test(`${msg.payload ? `if ${1 && 2}` : "x"}`)\nreturn msg',
  'if (msg.payload) if (msg.payload > 1) msg.a = 1; else msg.a = 2\nreturn msg',
  'if (msg.payload) if (msg.payload > 1) msg.a = 1\nreturn msg',
  'if (msg.payload) for (const x of [1]) if (x) msg.a = x\nreturn msg',
  'if (msg.payload) { } else if (msg.payload === null) ; else { msg.e = 1 }',
  'if (msg.payload);\nfor (let i = 0; i < 3; i++);\nwhile (false);\nreturn msg',
  // Strict code stays strict, and only that.
  "function f() { 'use strict'; return this === undefined }\nmsg.a = f()\nfunction g() { return this === undefined }\nmsg.b = g()",
  "msg.a = 1\nfunction f() { 'use strict' }\nfunction g() { 'use strict'\n  'other'\n  return this }\nmsg.g = typeof g()",
  "'use strict'\nmsg.t = (function () { return typeof this })()\nreturn msg",
  // Functions of each kind.
  'const f = (x) => ({ x }), g = (x) => (x, 2), h = async (x) => await x, i = x => y => x + y\nmsg.r = [f(1), g(1), await h(3), i(1)(2)]',
  'const f = (x = msg.payload ? 1 : 2, { y = x && 3 } = {}) => [x, y]\nmsg.r = f()',
  'const f = () => {}\nmsg.n = [f.name, f.length, (() => 1).name, f()]\nconst o = { m() {}, get p() { return 1 }, async *g() { yield 1 } }\no.m()\nmsg.p = o.p\nfor await (const x of o.g()) msg.x = x',
  'class A { #x = 1; static s; static { A.s = 2 } constructor(y) { this.y = y } get x() { return this.#x } static m() { return this.s } }\nclass B extends A { constructor() { super(5); this.z = super.x } }\nmsg.b = { ...new B() }\nmsg.s = B.m()',
  'msg.h = hoisted()\nfunction hoisted() { return 1 }\nif (true) { function inner() { return 2 } }\nmsg.i = inner()',
  // Jumps.
  'outer: for (const a of [1, 2, 3]) { for (const b of [1, 2]) { if (b === 2) continue outer; if (a === 3) break outer; msg.n = a } }\nreturn msg',
  'block: { if (msg.payload) break block; msg.a = 1 }\nlabel: msg.b = 1\nreturn msg',
  'a: b: while (true) { do { break b } while (true) }\nreturn msg',
  "switch (msg.payload) { case 0: case 1: msg.a = 1 // falls\n case 2: { msg.b = 1; break } case 'a': default: msg.d = 1; case null: let x = 1; msg.x = x }\nreturn msg",
  'switch (msg.payload) { default: msg.a = 1; case 1: break; case 2: function f() { return 1 }\n msg.f = f() }',
  'switch (msg.payload) {}\nreturn msg',
  'try { if (msg.payload) throw new Error("x"); return msg } catch { msg.c = 1 } finally { msg.f = 1 }\nreturn msg',
  'for (var k in { a: 1 }) msg[k] = 1\nfor (k of [1]) msg.k = k\nfor (let i = 0, n = msg.payload || 2; i < n; i++) { setTimeout }',
  'with ({ payload: 5 }) payload++\nwith (msg) { n = 1 }\nreturn msg',
  // Expressions.
  'msg.a = msg.payload?.x?.[0] ?? (msg.payload || null)?.y ?? 3\nmsg.b = (msg.a && msg.b) || (msg.a ? msg.b ? 1 : 2 : 3)',
  'let a, b, c\na ??= msg.payload && 1\nb ||= a ? [1, 2] : [3]\nc = (msg.payload || 1, a && b)\nmsg.r = [a, b, c]\nmsg.t = `${a ? b : c}`',
  'const o = { f() { return this === o } }\nmsg.r = [(0, o.f)(), (msg.payload ? o.f : o.f)(), (o.f || 0)(), (o.f)()]',
  'msg.r = [...(msg.payload ? [1] : []), ...(msg.payload && [2] || [])]\nmsg.o = { ...(msg.payload && { a: 1 }), [msg.payload ? "k" : "l"]: 1 }',
  'msg.r = await (msg.payload ? Promise.resolve(1) : null) ?? 2\nconst t = async () => (await 1) && (await 2)\nmsg.t = await t()',
  'msg.r = "x" in msg ? 1 : (delete msg.x, void 0) || typeof undeclared\nfor (let i = ("a" in msg) ? 1 : 0; i < 2; i++) msg.i = i',
  'const { a = msg.payload ? 1 : 2, ...rest } = msg\nmsg.a = a\nmsg.k = Object.keys(rest).length\nconst tag = (s, ...v) => s.raw.join("|") + v\nmsg.g = tag`a${msg.payload && 1}b`',
  'msg.e = eval("msg.payload ? 1 : 2")\nmsg.f = new Function("return 1 && 2")()\nmsg.n = new (msg.payload ? Date : Map)() instanceof Map',
  'async function* g() { for (const x of [1, 2]) { if (x > 1) return; yield x } }\nmsg.l = []\nfor await (const x of g()) msg.l.push(x)',
  'msg.a = 1;;;msg.b = 2\n{ }\n{ msg.c = 3; { msg.d = 4 } msg.e = 5 }\ndebugger\nreturn msg; msg.never = 1',
  'return',
  '// nothing but a remark',
  'const é = 1, \u0061b = 2\u2028msg.a = é ? ab : 0\rmsg.b = 1',
]
