import { expect, test } from "bun:test";
import type { Command } from "../command.ts";
import { text, toggle } from "../flags/flag-kind.ts";
import { aliasPages, manPage } from "./man-page.ts";

const command: Command = {
  kind: "command",
  paths: ["thing do", "do"],
  usage: "[OPTIONS] NAME",
  summary: "Do a thing",
  description: "Do a thing.\n.dots and 'quotes' and back\\slashes stay",
  flags: [
    { name: "with-name", short: "n", kind: text, usage: "A name", fallback: "x" },
    { name: "all", kind: toggle, usage: "Everything" },
    { name: "secret", kind: toggle, usage: "", hidden: true },
  ],
  args: { kind: "none" },
  load: () => Promise.reject(new Error("not run")),
};

test("a page has the command's parts, and nothing in it is taken for a request", () => {
  expect(manPage("berth", { path: "thing do", command }, "1")).toEqual({
    file: "berth-thing-do.1",
    text: `.TH "BERTH-THING-DO" 1 "" "berth 1"
.SH NAME
berth\\-thing\\-do \\- Do a thing
.SH SYNOPSIS
.B berth thing do [OPTIONS] NAME
.SH DESCRIPTION
.nf
Do a thing.
\\&.dots and 'quotes' and back\\eslashes stay
.fi
.SH ALIASES
berth do
.SH OPTIONS
.TP
\\fB\\-\\-all\\fR
Everything
.TP
\\fB\\-n\\fR, \\fB\\-\\-with\\-name\\fR \\fIstring\\fR
A name (default x)
.SH SEE ALSO
.BR berth (1)
`,
  });
  expect(aliasPages("berth", { path: "thing do", command })).toEqual([
    { file: "berth-do.1", text: ".so man1/berth-thing-do.1\n" },
  ]);
});
