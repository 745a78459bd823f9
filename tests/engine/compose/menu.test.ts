/** The keys below the output of `up` on a terminal. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../../tools/lab/command.ts";
import { ControllingTerminal } from "../../../tools/lab/controlling-terminal.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;
const terminals: ControllingTerminal[] = [];

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bmenu0", bip: "172.31.193.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(async () => {
  for (const terminal of terminals.splice(0)) await terminal.close();
  await side.clear();
});

function up(
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  columns = 80,
): ControllingTerminal {
  const argv = [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "up", ...words];
  const terminal = new ControllingTerminal(argv, { ...side.environment, ...env }, { dir: side.engine.dir, columns });
  terminals.push(terminal);
  return terminal;
}

const states = async (): Promise<string> =>
  (await side.ok("ps", "-a", "--format", "{{.Name}} {{.State}}")).trim().split("\n").toSorted().join(", ");
const ticking = "sh -c 'while :; do echo tick; sleep 0.2; done'";

test("is below what is printed, also on another width; d leaves everything running", async () => {
  side.project(`services: {s: {image: busybox, command: ${ticking}, stop_grace_period: 0s}}`);
  const terminal = up();
  await terminal.waitFor(/\r\u001b\[Kd Detach/u);
  // Each line takes its place, and it comes back below.
  await terminal.waitFor(/\r\u001b\[Ks-1 {2}\| tick\r\n\r\u001b\[Kd Detach/u);
  await terminal.resize(10, 6);
  await terminal.waitFor(/\r\u001b\[Kd De…/u);
  terminal.type("x");
  terminal.type("d");
  expect(await terminal.end()).toBe(0);
  expect(terminal.output).toEndWith("\r\u001b[K");
  expect(terminal.output).not.toContain("x");
  expect(await states()).toBe("shop-s-1 running");
});

test("in colours unless the person wants none", async () => {
  side.project(`services: {s: {image: busybox, command: ${ticking}, stop_grace_period: 0s}}`);
  const { NO_COLOR: _none, ...coloured } = side.environment;
  const argv = [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "up"];
  const terminal = new ControllingTerminal(argv, coloured, { dir: side.engine.dir, columns: 200 });
  terminals.push(terminal);
  await terminal.waitFor(/\u001b\[1;36md\u001b\[0m Detach/u);
  terminal.type("\u0003");
  await terminal.waitFor(/Gracefully Stopping/u);
  expect(await terminal.end()).toBe(130);
  expect(await states()).toBe("shop-s-1 exited");
});

test("w watches, and leaves it; a rebuild draws nothing over it", async () => {
  side.project(
    `
services:
  web:
    build: {context: ., dockerfile_inline: "FROM busybox\\nCOPY version /version"}
    command: sh -c 'echo began with $$(cat /version); sleep 1000'
    stop_grace_period: 0s
    develop: {watch: [{path: version, action: rebuild}]}
`,
    { version: "1" },
  );
  const terminal = up();
  await terminal.waitFor(/w Enable Watch {3}d Detach/u);
  terminal.type("w");
  await terminal.waitFor(/Watch enabled\r\n[^]*w Disable Watch {3}d Detach/u);
  writeFileSync(join(side.folder, "version"), "2");
  await terminal.waitFor(/began with 2/u);
  await terminal.waitFor(/successfully built\r\n/u);
  const before = terminal.output.length;
  await terminal.waitFor(/w Disable Watch/u, before - 200);
  terminal.type("w");
  await terminal.waitFor(/Watch disabled\r\n[^]*w Enable Watch/u);
  writeFileSync(join(side.folder, "version"), "3");
  // Watched once more it begins from what is there then.
  terminal.type("w");
  await terminal.waitFor(/Watch disabled[^]*Watch enabled\r\n/u);
  writeFileSync(join(side.folder, "version"), "4");
  await terminal.waitFor(/began with 4/u);
  expect(terminal.output).not.toContain("began with 3");
  terminal.type("d");
  expect(await terminal.end()).toBe(0);
  expect(await states()).toBe("shop-web-1 running");
  await side.ok("down", "-t", "0", "--rmi", "all");
});

test("suspended by ctrl-Z and continued", async () => {
  side.project(`services: {s: {image: busybox, command: ${ticking}, stop_grace_period: 0s}}`);
  const file = join(side.folder, "compose.yaml");
  const own = `${berthCommand().join(" ")} compose -f ${file} up`;
  const line = `set -m; stty -g >${side.folder}/before; ${own}; echo code=$?.; stty -g >${side.folder}/after; read -r x; fg >/dev/null; echo code=$?.`;
  const terminal = new ControllingTerminal(["sh", "-c", line], side.environment, { dir: side.engine.dir });
  terminals.push(terminal);
  await terminal.waitFor(/d Detach/u);
  terminal.type("\u001a");
  await terminal.waitFor(/code=148\./u);
  await eventually("the terminal's settings", async () =>
    (await Bun.file(`${side.folder}/after`).exists()) ? true : undefined,
  );
  const before = terminal.output.length;
  terminal.type("\n");
  await terminal.waitFor(/d Detach/u, before);
  expect(await Bun.file(`${side.folder}/after`).text()).toBe(await Bun.file(`${side.folder}/before`).text());
  terminal.type("d");
  await terminal.waitFor(/code=0\./u, before);
});

test.each([
  [["--menu=false"], {}],
  [[], { COMPOSE_MENU: "0" }],
  [[], { TERM: "dumb" }],
] as const)("is not there with %p and %p", async (words, env) => {
  side.project("services: {s: {image: busybox, command: sh -c 'echo first; sleep 1; echo last'}}");
  const terminal = up(words, env);
  expect(await terminal.end()).toBe(0);
  expect(terminal.output).toContain("last");
  expect(terminal.output).not.toContain("Detach");
});

test("--menu goes over COMPOSE_MENU", async () => {
  side.project("services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s}}");
  const terminal = up(["--menu"], { COMPOSE_MENU: "false" });
  await terminal.waitFor(/d Detach/u);
  terminal.type("d");
  expect(await terminal.end()).toBe(0);
});
