import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { command, type CommandResult } from "../../tools/lab/command.ts";
import { berthCommand, dockerCli } from "../../tools/lab/engines.ts";

/** Plugins of docker's protocol under our program and under the real docker CLI: the same programs with the same words. */
const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-plugins-"));
const config = join(folder, "config");

const metadata = (more: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify({ SchemaVersion: "0.1.0", Vendor: "V", Version: "v1", ShortDescription: "Say hello", ...more });

const plugin = (name: string, answer: string, rest = ""): void => {
  const body = `#!/bin/sh\nif [ "$1" = docker-cli-plugin-metadata ]; then\n  echo '${answer}'\n  exit\nfi\n${rest}`;
  writeFileSync(join(config, "cli-plugins", `docker-${name}`), body, { mode: 0o755 });
};

beforeAll(async () => {
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  plugin("hello", metadata(), `echo "<$*>"; echo "$DOCKER_HOST" >&2; cat; exit 7\n`);
  plugin("killed", metadata(), "kill -TERM $$\n");
  plugin("broken", "no JSON");
  plugin("old", metadata({ SchemaVersion: "0.0.1" }));
  plugin("nobody", metadata({ Vendor: "" }));
  plugin("ps", metadata(), "echo never\n");
  const programs = await composePrograms();
  symlinkSync(
    join(programs, "usr/libexec/docker/cli-plugins/docker-compose"),
    join(config, "cli-plugins/docker-compose"),
  );
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", HOME: folder, DOCKER_CONFIG: config });
const docker = (...args: string[]): Promise<CommandResult> =>
  command([REAL_DOCKER, ...args], { env: { ...env(), DOCKER_HOST: "unix:///x.sock" }, stdin: "in\n" });
const berth = (...args: string[]): Promise<CommandResult> =>
  command([...berthCommand(), ...args], { env: { ...env(), BERTH_HOST: "unix:///x.sock" }, stdin: "in\n" });

test.each([
  [["hello"]],
  [["hello", "a b", "-x", "--flag=1", "--help"]],
  [["-D", "--log-level", "debug", "hello", "x"]],
  [["help", "hello"]],
])("%j reaches the plugin with its streams, and its exit code comes back", async (args) => {
  const theirs = await docker(...args);
  // docker-compat: `help NAME` swallows the plugin's exit code and repeats it in words.
  const expected = args[0] === "help" ? { stdout: theirs.stdout } : theirs;
  expect(await berth(...args)).toMatchObject(expected);
});

test("what is killed ends with the signal's code", async () => {
  expect(await berth("killed")).toMatchObject({ code: 143 });
});

test("a file that is no plugin is told, and its name is no command", async () => {
  const result = await berth("broken");
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('docker-broken" is not valid: invalid metadata:');
  expect(result.stderr).toContain("unknown command: berth broken");
});

test("help lists plugins with a star, and what is wrong with the others", async () => {
  const lines = (text: string): readonly string[] =>
    text.split("\n").filter((line) => /^ {2}(?:hello|killed|old|nobody|ps)\*? /.test(line));
  const words = (line: string): string => line.replaceAll(/ +/g, " ").replaceAll(/"0\.1\.0"/g, "0.1.0");
  const ours = lines((await berth("--help")).stdout).map(words);
  expect(ours).toEqual(lines((await docker("--help")).stdout).map(words));
  expect(ours).toContain(" hello* Say hello");
});

test("info tells of the same plugins", async () => {
  const format = "{{range .ClientInfo.Plugins}}{{.Name}} {{.Path}} {{.Vendor}} {{.Version}}\n{{end}}";
  const theirs = (await docker("info", "--format", format)).stdout;
  expect(theirs).toContain("hello");
  const listed = await berth("info");
  expect(listed.stdout).toContain(
    `  hello: Say hello (V)\n    Version:  v1\n    Path:     ${config}/cli-plugins/docker-hello\n`,
  );
});

test("Debian's Compose runs as a plugin where the settings prefer it", async () => {
  expect((await berth("compose", "version", "--short")).stdout).not.toBe("2.26.1-4\n");
  writeFileSync(
    join(config, "config.json"),
    JSON.stringify({ plugins: { berth: { prefer: "buildx, compose", "alias.v": "compose 'version' --short" } } }),
  );
  expect((await berth("compose", "version", "--short")).stdout).toBe("2.26.1-4\n");
  expect((await berth("v")).stdout).toBe("2.26.1-4\n");
  expect((await berth("--help")).stdout).toContain("compose*");
  expect((await docker("compose", "version", "--short")).stdout).toBe("2.26.1-4\n");
});
