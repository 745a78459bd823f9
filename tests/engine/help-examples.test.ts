/** Every example that a command's `--help` shows does what it is shown for. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineFamilies, loadCommands } from "#cli/commands/command-families.ts";
import { otherFamilies } from "#main/command-line.ts";
import { command } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

/** Why an example cannot be run here, by its first words. */
const elsewhere: Readonly<Record<string, string>> = {
  "berth push registry.example.com/": "needs a registry of that name",
  "berth registry serve": "goes on until it is ended; seen by tests/engine/registry-clients",
};

interface Example {
  readonly path: string;
  readonly line: string;
}

/** The command of each line: before it a shell's name, behind it, two spaces apart, what it does. */
async function allExamples(): Promise<readonly Example[]> {
  const commands = await loadCommands([...engineFamilies, ...otherFamilies]);
  return commands.flatMap(({ paths: [path], examples = "" }) =>
    examples
      .replaceAll("\\\n", "")
      .split("\n")
      .map((text) => text.trim().replace(/^(?:bash|zsh|fish): +/, ""))
      .filter((text) => text !== "")
      .map((text) => ({ path, line: path.startsWith("registry") ? text : text.replace(/\s{2,}.*$/, "") })),
  );
}

const examples = await allExamples();
const isElsewhere = ({ line }: Example): boolean => Object.keys(elsewhere).some((words) => line.startsWith(words));
let engine: BusyboxEngine;
let home = "";

beforeAll(async () => {
  // A proxy that is not there: nothing is pulled from elsewhere, wherever the test runs.
  engine = await BusyboxEngine.open({
    bridge: "bhex0",
    bip: "172.31.224.1/24",
    env: { HTTPS_PROXY: "http://127.0.0.1:1" },
  });
  home = join(engine.dir, "home");
  for (const folder of ["bin", ".config/fish/completions"]) mkdirSync(join(home, folder), { recursive: true });
  const berth = `#!/bin/sh\nexec ${berthCommand().join(" ")} "$@"\n`;
  // The other machine of the examples is this one.
  const ssh = `#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n`;
  writeFileSync(join(home, "bin/berth"), berth, { mode: 0o755 });
  writeFileSync(join(home, "bin/ssh"), ssh, { mode: 0o755 });
  const page = "echo page > /index.html; exec httpd -f -p 80 -h /";
  await engine.ok("run", "-d", "--name", "web", "busybox", "sh", "-c", page);
  await engine.ok("tag", "busybox", "gcr.io/distroless/base");
  await engine.ok("tag", "busybox", "app:1.2");
  expect((await engine.run("pull", "alpine:3.20")).code).toBe(1);
}, 180_000);
afterAll(() => engine.close());

test("there are examples, and each that is left out is one", () => {
  expect(examples.length).toBeGreaterThan(8);
  for (const words of Object.keys(elsewhere)) expect(examples.some(({ line }) => line.startsWith(words))).toBe(true);
});

test.each(examples.filter((example) => !isElsewhere(example)))("$path: $line", async ({ line }) => {
  const { code, stdout, stderr } = await command(["bash", "-c", `fpath=("" "$HOME"); ${line}`], {
    env: { ...cliEnvironment(engine.host), HOME: home, PATH: `${join(home, "bin")}:${process.env["PATH"]}` },
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  if (line.includes(" wget ")) expect(stdout).toBe("page\n");
});
