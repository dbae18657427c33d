/** The style of the HTML report: light or dark as the reader's system, and plain when it is printed. */
export const STYLE = `
:root { color-scheme: light dark; --back: #fff; --panel: #fafafa; --text: #1f2328; --soft: #656d76; --line: #d8dee4; --grid: #f2f2f2;
  --hit: #1a7f37; --fair: #9a6700; --miss: #cf222e; --hit-back: #dafbe1; --miss-back: #ffebe9; --wire: #2c974b; --wire-miss: #afb8c1;
  --node-line: #999; --node-text: #333 }
@media (prefers-color-scheme: dark) { :root { --back: #16181c; --panel: #1c1f24; --text: #e6edf3; --soft: #9198a1; --line: #343a42; --grid: #1e2126;
  --hit: #57c773; --fair: #d9a62e; --miss: #ff7b72; --hit-back: #17361f; --miss-back: #4a1d20; --wire: #4bb368; --wire-miss: #59616b;
  --node-line: #888; --node-text: #222 } svg.canvas .body { filter: saturate(0.85) brightness(0.92) } }
body { font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; color: var(--text); background: var(--back); margin: 32px auto; max-width: 1240px; padding: 0 20px }
h1 { font-size: 26px; font-weight: 650; margin: 0 } h1::before { content: ''; display: inline-block; width: 14px; height: 14px; border-radius: 50%; background: var(--hit); margin-right: 12px }
h1.failed::before { background: var(--miss) } h2 { font-size: 19px; border-bottom: 1px solid var(--line); padding-bottom: 6px; margin: 40px 0 16px } h3 { font-size: 15px; margin: 28px 0 10px }
.facts { margin: 4px 0 0 26px } .facts, .legend, small { color: var(--soft) } small { font-size: 12px }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 16px 0 }
.figure { border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px 14px; position: relative; overflow: hidden; background: var(--panel) }
.figure b { font-size: 24px; font-weight: 600; display: block; line-height: 1.3 } .figure span { color: var(--text); margin-right: 8px } .figure small { color: var(--soft) }
.figure i { position: absolute; left: 0; right: 0; bottom: 0; height: 4px; background: linear-gradient(90deg, currentColor var(--part), var(--line) var(--part)) }
.figure.good { color: var(--hit) } .figure.fair { color: var(--fair) } .figure.poor { color: var(--miss) } .figure.none { color: var(--soft) }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 12px; margin: 20px 0 0 } .legend i { display: inline-block; vertical-align: middle; margin-right: 6px }
.legend .line { width: 26px; border-top: 3px solid var(--wire) } .legend .line.miss { border-top: 3px dashed var(--wire-miss) }
.legend .dot { width: 8px; height: 8px; border-radius: 2px; border: 1.5px solid var(--hit); background: var(--hit); box-sizing: border-box } .legend .part { background: none; border-color: var(--fair) } .legend .none { background: none; border-color: var(--miss) }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px }
svg.canvas { display: block; width: 100%; min-width: calc(var(--width) * 0.7); max-width: var(--width); height: auto; background-color: var(--back); background-image: linear-gradient(var(--grid) 1px, transparent 1px), linear-gradient(90deg, var(--grid) 1px, transparent 1px); background-size: 20px 20px }
svg text { font: 14px Helvetica, Arial, sans-serif; fill: var(--node-text) }
.wire path { fill: none; stroke: var(--wire-miss); stroke-width: 3; stroke-dasharray: 6 5 } .wire.hit path { stroke: var(--wire); stroke-dasharray: none }
.wire.link path, .wire.link.hit path { stroke-width: 2; stroke-dasharray: 2 5; opacity: 0.65 } .wire path.grip, .wire.hit path.grip { stroke: transparent; stroke-width: 14; stroke-dasharray: none }
.wire:hover path:not(.grip) { stroke-width: 5; opacity: 1 }
.node .body { fill: var(--color); stroke: var(--node-line); stroke-width: 1 } .node.hit .body { stroke: var(--wire); stroke-width: 1.5 } .node:hover .body { stroke-width: 3 }
.node .strip { fill: #000; fill-opacity: 0.08 } .node text.count { font-size: 11px; font-weight: 600; fill-opacity: 0.85 }
.node.miss .body { fill: var(--panel); stroke: var(--miss); stroke-width: 1.5; stroke-dasharray: 5 4 } .node.miss text { fill: var(--soft) } .node.miss .strip { fill: none }
.node.off { opacity: 0.4 } .node.off .body { stroke-dasharray: 8 3 } .comment text, .frame text, .end text, .node.comment text { fill: var(--soft) }
.comment rect { fill: none; stroke: var(--line) } .frame rect { fill: none; stroke: var(--soft); stroke-dasharray: 4 3 }
.junction rect, .port.in, .port.off { fill: #d9d9d9; stroke: #999 } .port { stroke: var(--wire); fill: var(--wire) } .port.miss { fill: var(--back); stroke: var(--miss) }
.end rect { fill: var(--grid); stroke: var(--soft) } .end text { font-size: 9px }
.node .status text { font-size: 10px; fill: var(--soft); paint-order: stroke; stroke: var(--back); stroke-width: 3px } .status rect { stroke-width: 1.5; fill: none } .status.full rect { stroke: var(--hit); fill: var(--hit) } .status.part rect { stroke: var(--fair) } .status.none rect { stroke: var(--miss) }
table { border-collapse: collapse } td, th { padding: 4px 12px; vertical-align: top; text-align: left }
.code { font: 12px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.unit, .case { border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; background: var(--panel); overflow: hidden } .unit summary { padding: 8px 14px; cursor: pointer } .unit summary span { font-weight: 600; margin-right: 10px }
table.code { width: 100%; background: var(--back); border-top: 1px solid var(--line) } table.code td { padding: 0 12px } table.code tr:first-child td { padding-top: 8px } table.code tr:last-child td { padding-bottom: 8px }
table.code td:nth-child(-n+2) { color: var(--soft); text-align: right; white-space: nowrap; width: 1%; user-select: none } table.code code { font: inherit; white-space: pre-wrap }
table.code tr.hit td:nth-child(2) { color: var(--hit) } table.code tr.miss td:nth-child(2) { color: var(--miss); font-weight: 600 }
mark { background: var(--miss-back); color: inherit; border-radius: 2px } .code em { color: var(--miss); font-style: normal; font-size: 11px; margin-left: 12px }
.failures { width: 100% } .failures td { border-top: 1px solid var(--line); padding: 8px 12px } .failures td:nth-child(-n+2) { white-space: nowrap } .failures b { font-weight: 600 } .failures td small { display: block }
span.code { display: inline-block; border-radius: 4px; padding: 0 7px; margin: 2px; border: 1px solid transparent } span.code.hit { background: var(--hit-back); color: var(--hit) } span.code.miss { border: 1px dashed var(--line); color: var(--soft) } span.code b { opacity: 0.7 }
.cases { border: 1px solid var(--line); border-radius: 8px; overflow: hidden } .case { border: 0; border-radius: 0; margin: 0 } .case + .case { border-top: 1px solid var(--line) }
.case .head { display: flex; gap: 12px; padding: 7px 14px; align-items: baseline } details.case .head { cursor: pointer } .case .head span { flex: 1 } .case summary::after { content: '›'; color: var(--soft); width: 8px } .case[open] summary::after { transform: rotate(90deg) }
.case.passed b { color: var(--hit) } .case.failed b { color: var(--miss) } .case.skipped { color: var(--soft) }
pre { margin: 0; padding: 10px 14px 10px 40px; font: 12px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--back) } pre + pre { padding-top: 0 }
.case.failed .why { color: var(--miss) } .path i { color: var(--soft); font-style: normal } .path em { color: var(--miss); font-style: normal } .problem { color: var(--miss); margin: 0; padding: 8px 14px }
@media print { .case:not([open]) pre { display: none } .scroll { overflow: visible } }
`
