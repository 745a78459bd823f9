import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { RecordingIo } from "../../tools/lab/recording-io.ts";

/**
 * Templates and what docker CLI 28.2 prints for them: `docker context inspect --format TEMPLATE` with
 * DOCKER_HOST=unix:///x.sock and no settings, standard output, standard error and the exit code.
 */
const recorded = readFileSync(join(import.meta.dirname, "templates.txt"), "utf8")
  .split(/\n\n(?=\$ )/)
  .map((entry) => {
    const end = entry.indexOf("\n");
    return { template: entry.slice(2, end), printed: entry.slice(end + 1).trimEnd() };
  });

test("there are as many as were recorded", () => expect(recorded.length).toBe(85));

test.each(recorded)("$template", async ({ template, printed }) => {
  const io = new RecordingIo({ DOCKER_HOST: "unix:///x.sock", DOCKER_CONFIG: "/nonexistent" });
  const code = await runCli(["context", "inspect", "--format", template], io, { version: "28.2.2" });
  expect(`${io.texts.stdout}${io.texts.stderr}[${String(code)}]`).toBe(printed);
});
