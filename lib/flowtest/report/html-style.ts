/** The style of the HTML report. */
export const STYLE = `
:root { color-scheme: light dark; --back: #fff; --text: #222; --soft: #666; --line: #ddd; --grid: #f4f4f4; --hit: #2a8a3e; --miss: #b3261e;
  --hit-back: #e3f4e6; --miss-back: #fde7e5; --wire: #2a8a3e; --wire-miss: #aaa; --node-text: #222; --dim: 0.35 }
@media (prefers-color-scheme: dark) { :root { --back: #1c1c1e; --text: #eee; --soft: #aaa; --line: #3c3c3f; --grid: #242426; --hit: #6fd08c;
  --miss: #ff8a80; --hit-back: #1d3a26; --miss-back: #45201e; --wire: #6fd08c; --wire-miss: #666; --dim: 0.25 } }
body { font: 14px/1.5 system-ui, Helvetica, Arial, sans-serif; color: var(--text); background: var(--back); margin: 24px auto; max-width: 1200px; padding: 0 16px }
h1 { font-size: 24px; margin: 0 } h2 { font-size: 18px; border-bottom: 1px solid var(--line); margin-top: 40px } h3 { font-size: 15px; margin: 24px 0 8px }
.facts, .legend, small { color: var(--soft) }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0 }
.figure { border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px; min-width: 110px; position: relative; overflow: hidden }
.figure b { font-size: 20px; display: block } .figure span, .figure small { display: block }
.figure i { position: absolute; left: 0; bottom: 0; height: 4px; width: var(--part); background: currentColor }
.figure.good { color: var(--hit) } .figure.fair { color: #b7791f } .figure.poor { color: var(--miss) } .figure span, .figure small { color: var(--soft) }
.legend span { display: inline-block; width: 28px; height: 0; border-top: 3px solid var(--wire); vertical-align: middle; margin-left: 12px }
.legend span.miss { border-top: 3px dashed var(--wire-miss) }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px }
svg.canvas { display: block; background-color: var(--back); background-image: linear-gradient(var(--grid) 1px, transparent 1px), linear-gradient(90deg, var(--grid) 1px, transparent 1px); background-size: 20px 20px }
svg text { font: 14px Helvetica, Arial, sans-serif; fill: var(--node-text) }
.wire path { fill: none; stroke: var(--wire-miss); stroke-width: 3; stroke-dasharray: 6 5 } .wire.hit path { stroke: var(--wire); stroke-dasharray: none }
.wire.link path { stroke-width: 2; stroke-dasharray: 2 4 } .wire path.grip { stroke: transparent; stroke-width: 12; stroke-dasharray: none }
.wire:hover path:not(.grip) { stroke-width: 5 }
.node .body { fill: var(--color); stroke: var(--hit); stroke-width: 2 } .node.miss .body { fill: var(--grid); stroke: var(--wire-miss); stroke-dasharray: 6 4 }
.node.miss text, .comment text, .frame text, .end text { fill: var(--soft) } .node.off { opacity: var(--dim) } .node.off .body { stroke: #999; stroke-dasharray: 2 3; stroke-width: 1 }
.comment rect { fill: none; stroke: var(--line) } .frame rect { fill: none; stroke: var(--soft); stroke-dasharray: 4 3 }
.junction rect, .port.in, .port.off { fill: #d9d9d9; stroke: #999 } .port { stroke: var(--hit); fill: var(--hit) } .port.miss { fill: var(--back); stroke: var(--wire-miss) }
.end rect { fill: var(--grid); stroke: var(--soft) } .end text { font-size: 9px } text.count { font-size: 11px; fill: var(--hit) }
table { border-collapse: collapse } td, th { padding: 2px 10px; vertical-align: top; text-align: left }
.code { font: 12px/1.5 ui-monospace, Menlo, Consolas, monospace } table.code td:nth-child(-n+2) { color: var(--soft); text-align: right; white-space: nowrap }
table.code code { white-space: pre-wrap } table.code tr.hit td:nth-child(2) { color: var(--hit) } table.code tr.miss td:nth-child(2) { color: var(--miss) }
mark { background: var(--miss-back); color: inherit } em { color: var(--miss); font-style: normal; font-size: 11px; margin-left: 12px }
span.code { display: inline-block; border-radius: 4px; padding: 0 6px; margin: 1px } span.code.hit { background: var(--hit-back) } span.code.miss { border: 1px dashed var(--line); color: var(--soft) }
.failures td { border-top: 1px solid var(--line) } details { margin: 6px 0 } summary { cursor: pointer }
.cases .passed td:first-child { color: var(--hit) } .cases .failed td:first-child { color: var(--miss) } pre { margin: 4px 0 8px; color: var(--soft); white-space: pre-wrap } .problem { color: var(--miss) }
`
