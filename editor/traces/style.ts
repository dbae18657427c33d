/** How the panel looks: colours are the editor's own, so that it follows its theme. */
export const STYLE = `
.cxone-traces { display: flex; flex-direction: column; height: 100%; color: var(--red-ui-primary-text-color); }
.cxone-traces p { margin: 6px 0; }
.cxone-traces-bar-top { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 8px; border-bottom: 1px solid var(--red-ui-secondary-border-color); }
.cxone-traces-bar-top label { display: inline-flex; align-items: center; gap: 4px; margin: 0; }
.cxone-traces-bar-top input[type=checkbox] { width: auto; margin: 0; }
.cxone-traces select { width: auto; height: 28px; margin: 0; padding: 0 4px; }
.cxone-traces-state { flex: 1 1 auto; color: var(--red-ui-secondary-text-color); }
.cxone-traces-start { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.cxone-traces-empty { padding: 16px; color: var(--red-ui-secondary-text-color); }
.cxone-traces-list { flex: 0 1 auto; max-height: 38%; overflow-y: auto; border-bottom: 1px solid var(--red-ui-secondary-border-color); }
.cxone-traces-row, .cxone-traces-hop { display: flex; flex-wrap: wrap; gap: 2px 8px; width: 100%; padding: 4px 8px; border: 0; text-align: left; font: inherit; color: inherit; background: none; cursor: pointer; }
.cxone-traces-row:hover, .cxone-traces-hop:hover { background: var(--red-ui-list-item-background-hover); }
.cxone-traces-row:focus-visible, .cxone-traces-hop:focus-visible { outline: 2px solid var(--red-ui-workspace-button-color-focus-outline); outline-offset: -2px; }
.cxone-traces-row[aria-pressed=true] { background: var(--red-ui-list-item-background-selected); }
.cxone-traces-time, .cxone-traces-figure, .cxone-traces-took { color: var(--red-ui-secondary-text-color); font-variant-numeric: tabular-nums; white-space: nowrap; }
.cxone-traces-name { flex: 1 1 60px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cxone-traces-error { flex: 1 1 100%; color: var(--red-ui-text-color-error); overflow-wrap: anywhere; }
.cxone-traces-detail { flex: 1 1 0; min-height: 0; overflow-y: auto; }
.cxone-traces-head { display: flex; flex-wrap: wrap; gap: 8px; padding: 0 8px; color: var(--red-ui-secondary-text-color); }
.cxone-traces-hop { flex-wrap: nowrap; align-items: center; padding: 2px 8px; }
.cxone-traces-label { box-sizing: border-box; flex: 0 0 36%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cxone-traces-lane { flex: 1 1 auto; display: flex; align-items: center; gap: 6px; min-width: 0; }
.cxone-traces-track { position: relative; flex: 1 1 auto; height: 12px; background: var(--red-ui-tertiary-background); border-radius: 2px; overflow: hidden; }
.cxone-traces-bar { position: absolute; top: 1px; bottom: 1px; min-width: 4px; border-radius: 2px; background: var(--red-ui-node-status-colors-blue); }
.cxone-traces-mark { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--red-ui-primary-text-color); opacity: 0.45; }
.cxone-traces-working { background: var(--red-ui-text-color-warning); }
.cxone-traces-failed .cxone-traces-bar { background: var(--red-ui-text-color-error); }
.cxone-traces-failed .cxone-traces-took, .cxone-traces-failed .cxone-traces-label i { color: var(--red-ui-text-color-error); }
.cxone-traces-took { flex: 0 0 58px; text-align: right; overflow: hidden; text-overflow: ellipsis; }
.cxone-traces-details { padding: 2px 8px 8px 18px; border-left: 3px solid var(--red-ui-secondary-border-color); margin-left: 8px; overflow-wrap: anywhere; }
.cxone-traces-details ul { margin: 0; list-style: none; }
.cxone-traces-details code, .cxone-traces-head code { font-size: 0.9em; white-space: pre-wrap; overflow-wrap: anywhere; color: inherit; background: none; border: 0; padding: 0; }
.cxone-traces-added .cxone-traces-sign { color: var(--red-ui-diff-state-added); }
.cxone-traces-removed .cxone-traces-sign { color: var(--red-ui-diff-state-deleted); }
.cxone-traces-changed .cxone-traces-sign { color: var(--red-ui-diff-state-changed); }
`
