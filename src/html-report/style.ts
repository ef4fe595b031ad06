/**
 * How the page looks: fonts of the system, light or dark as the reader's system is, one column, and on
 * paper light. Text has a contrast of 4.5 at least on every ground.
 */

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f4f6f8; --rule: #d5dbe1; --text: #1b2530; --faint: #52606d;
  --one: #0f766e; --other: #b45309; --good: #17663a; --bad: #b42318;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #12171d; --panel: #1b222a; --rule: #36414c; --text: #e6ebf0; --faint: #a3b0bd;
    --one: #3fb8ac; --other: #f0a24a; --good: #63c98d; --bad: #ff8f83;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 64rem; background: var(--ground);
  color: var(--text); font: 15px/1.5 system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;
}
h1 { margin: 0 0 .3rem; font-size: 1.45rem; line-height: 1.3; overflow-wrap: anywhere; }
h2 {
  margin: 2.4rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule);
  font-size: 1.12rem;
}
h3 { margin: 1.4rem 0 .4rem; font-size: 1rem; }
p { margin: .3rem 0; }
.faint, figcaption { color: var(--faint); }
figcaption b { color: var(--text); }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; overflow-wrap: anywhere; }
.figures {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem;
  margin: 1.2rem 0 0;
}
.figures div { padding: .6rem .8rem; border-radius: 6px; background: var(--panel); }
.figures dt { color: var(--faint); font-size: .82rem; }
.figures dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .3rem 0 1rem; font-size: .9rem; }
caption { padding: .3rem 0; color: var(--faint); text-align: left; }
th, td {
  padding: .28rem .7rem .28rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top;
}
th { font-weight: 600; }
td { overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody th { font-weight: 400; overflow-wrap: anywhere; }
.narrow { width: auto; min-width: 24rem; max-width: 100%; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
.name {
  font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: .85rem;
  unicode-bidi: isolate;
}
figure { margin: 1rem 0 1.4rem; break-inside: avoid; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--faint); font-size: 12px; }
.rule { fill: none; stroke: var(--rule); }
.area { fill: var(--one); fill-opacity: .3; stroke: var(--one); stroke-width: 1.5; }
.line { fill: none; stroke: var(--other); stroke-width: 1.75; stroke-dasharray: 5 3; }
.bar { fill: var(--one); }
.key { margin-left: .8rem; white-space: nowrap; }
.key svg { width: 22px; height: 10px; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  .figures div { border: 1px solid var(--rule); }
}
`
