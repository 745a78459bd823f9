/** The page's look. Colours follow the system's light or dark; contrast is at least 4.5 to 1 in both. */
export const style = `
:root { color-scheme: light dark; --ink: #16202b; --soft: #526070; --paper: #ffffff; --panel: #f4f6f9; --line: #d5dce4;
  --accent: #0b5cad; --on-accent: #ffffff; --danger: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #a3b1c0; --paper: #12181f; --panel: #1b232d;
  --line: #34404d; --accent: #7cb8f5; --on-accent: #0d1b2a; --danger: #ff9a90; } }
* { box-sizing: border-box; } [hidden] { display: none !important; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 1rem 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; border-bottom: 1px solid var(--line); }
header .home { font-weight: 700; font-size: 1.2rem; text-decoration: none; color: var(--ink); }
header form[role=search] { flex: 1 1 14rem; display: flex; gap: .5rem; } header nav { white-space: nowrap; display: flex; gap: 1rem; align-items: center; }
input, select, button, textarea { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft);
  border-radius: 6px; padding: .4rem .7rem; } input[type=search] { width: 100%; } ::placeholder { color: var(--soft); opacity: 1; }
button, .button { cursor: pointer; background: var(--accent); color: var(--on-accent); border-color: var(--accent);
  border-radius: 6px; padding: .4rem .8rem; text-decoration: none; display: inline-block; }
button.plain { background: none; color: var(--accent); border-color: var(--line); }
button.danger { background: none; color: var(--danger); border-color: var(--danger); }
h1 { font-size: 1.6rem; margin: .6rem 0; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); } .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
.cards { list-style: none; padding: 0; display: grid; gap: .7rem; } .cards a { font-weight: 600; overflow-wrap: anywhere; }
.cards p { margin: .2rem 0; } .scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; } th { color: var(--soft); font-weight: 600; white-space: nowrap; } td.number, th.number { text-align: right; white-space: nowrap; }
code, pre, .mono { font-family: ui-monospace, monospace; font-size: .92em; } pre { overflow-x: auto; padding: .8rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px; } td code { overflow-wrap: anywhere; }
code.digest, time { white-space: nowrap; overflow-wrap: normal; }
.command { margin: .6rem 0; display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; } .command code { background: var(--panel); padding: .4rem .7rem;
  border: 1px solid var(--line); border-radius: 6px; overflow-wrap: anywhere; }
.form { display: grid; gap: .8rem; max-width: 26rem; } .form label { display: grid; gap: .2rem; } .row { display: flex; gap: .6rem; flex-wrap: wrap; align-items: center; }
.message { border-left: 4px solid var(--accent); padding: .5rem 1rem; background: var(--panel); } .wrong { border-color: var(--danger); }
footer { color: var(--soft); border-top: 1px solid var(--line); margin-top: 3rem; }
`;
