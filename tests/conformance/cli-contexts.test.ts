import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { RecordingIo } from "../../tools/lab/recording-io.ts";

/**
 * Contexts through our command line and through the real docker CLI, each over a store of its own: the same words, exit
 * codes and files; and then each over the other's store.
 */
const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-contexts-"));
const path = (name: string): string => join(folder, name);

interface Step {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const step = (line: string, env: Readonly<Record<string, string>> = {}): Step => ({
  argv: line.split(" ").map((word) => word.replaceAll("~", folder).replaceAll("_", " ")),
  env,
});

const TLS = "ca=~/cert.pem,cert=~/cert.pem,key=~/key.pem";

/** One after the other; underscores stand for spaces inside a word. */
const STEPS: readonly Step[] = [
  step("context ls"),
  step("context show"),
  step("context create local --docker host=unix:///tmp/x.sock --description my_<own>"),
  step("context create local"),
  step(`context create secure --docker host=tcp://192.0.2.1:2376,${TLS}`),
  step(`context create loose --docker host=tcp://192.0.2.1:2376,skip-tls-verify=1,${TLS}`),
  step("context create copied --from secure --description taken_over"),
  step("context create from-key --docker from=local,host=ignored"),
  step("context create current"),
  step("context create empty --docker host="),
  step("context create bad --from secure --docker host=unix:///x"),
  step("context create bad --from missing"),
  step("context create bad --docker nonsense=1"),
  step("context create bad --docker host"),
  step("context create bad --docker host=nonsense"),
  step("context create bad --docker host=tcp://a,ca=/missing"),
  step("context create bad --docker host=tcp://a,ca=~/key.pem"),
  step("context create bad --docker host=tcp://a,skip-tls-verify=perhaps"),
  step('context create bad --docker host=tcp://a,ca="x"'),
  step("context create default"),
  step("context create b"),
  step("context create a/b"),
  step("context create"),
  step("context ls"),
  step("context ls -q"),
  step("context ls --format json"),
  step("context ls --format {{.Name}}:{{.Current}}:{{.DockerEndpoint}}:{{.Description}}"),
  step("context ls --format table_{{.Name}}\\t{{.Error}}"),
  step("context inspect"),
  step("context inspect local secure loose copied from-key empty"),
  step("context inspect missing local"),
  step("context inspect -f {{.Name}}_{{.Endpoints.docker.Host}}_{{json_.TLSMaterial}} secure default"),
  step("context inspect --format json local"),
  step("context update local --description newer"),
  step("context update secure --docker host=tcp://192.0.2.2:2375"),
  step("context update missing --description x"),
  step("context update default --description x"),
  step("context inspect local secure"),
  step("context use missing"),
  step("context use local"),
  step("context show"),
  step("context show extra"),
  step("context ls"),
  step("context inspect --format {{.Name}}"),
  step("context rm local"),
  step("context rm default"),
  step("context rm missing empty"),
  step("context rm -f missing current"),
  step("context use secure", { DOCKER_HOST: "tcp://192.0.2.9:1" }),
  step("context ls", { DOCKER_HOST: "tcp://192.0.2.9:1" }),
  step("context show", { DOCKER_HOST: "tcp://192.0.2.9:1" }),
  step("context show", { DOCKER_CONTEXT: "loose" }),
  step("context ls", { DOCKER_CONTEXT: "gone" }),
  step("ps", { DOCKER_CONTEXT: "gone" }),
  step("--context gone ps"),
  step("--context local context show", { DOCKER_HOST: "tcp://192.0.2.9:1" }),
  step("--context local -H tcp://192.0.2.9:1 context ls"),
  step("--context local ps"),
  step("context rm -f secure"),
  step("context show"),
  step("context export loose ~/STORE.tar"),
  step("context export loose ~/STORE.tar"),
  step("context export missing ~/x.tar"),
  step("context export loose ~/missing/x.tar"),
  step("context import again ~/STORE.tar"),
  step("context import again ~/STORE.tar"),
  step("context import default ~/STORE.tar"),
  step("context import other ~/missing.tar"),
  step("context import zipped ~/context.zip"),
  step("context inspect again zipped"),
  step("context use default"),
];

beforeAll(() => {
  const made = Bun.spawnSync(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "3"].concat([
      ...["-keyout", path("key.pem"), "-out", path("cert.pem")],
    ]),
  );
  expect(made.exitCode).toBe(0);
  writeFileSync(path("context.zip"), ZIP);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Made by Python's zipfile: meta.json packed, a TLS file stored. */
const ZIP = Buffer.from(
  [
    "UEsDBBQAAAAIABi+dV2e3EOUWgAAAGUAAAAJAAAAbWV0YS5qc29uq1byS8xNVbJSUKpQ0lFQ8k0tSUxJLEkEClTXAvmueSkF+Zl5JcUgAaWU",
    "/OTs1CIw0yO/uASkqyS5wEpfv8rKEKQ7ODuzIMQnOCy1KDOtEiiblphTnFpbWwsAUEsDBBQAAAAAABi+dV217v7fAgAAAAIAAAARAAAAdGxz",
    "L2RvY2tlci9jYS5wZW1obVBLAQIUAxQAAAAIABi+dV2e3EOUWgAAAGUAAAAJAAAAAAAAAAAAAACAAQAAAABtZXRhLmpzb25QSwECFAMUAAAA",
    "AAAYvnVdte7+3wIAAAACAAAAEQAAAAAAAAAAAAAAgAGBAAAAdGxzL2RvY2tlci9jYS5wZW1QSwUGAAAAAAIAAgB2AAAAsgAAAAAA",
  ].join(""),
  "base64",
);

test("the same words, exit codes and files", async () => {
  const theirs: string[] = [];
  const ours: string[] = [];
  for (const each of STEPS) {
    theirs.push(docker(each, "docker"));
    ours.push(await berth(each, "berth"));
  }
  expect(ours).toEqual(theirs);
  expect(members("berth.tar")).toBe(members("docker.tar"));
  expect(files("berth")).toEqual(files("docker"));
}, 180_000);

test("each reads the other's store and archives", async () => {
  expect(await berth(step("context import theirs ~/docker.tar"), "berth")).toContain("[0]");
  expect(docker(step("context import theirs ~/berth.tar"), "docker")).toContain("[0]");
  expect(files("berth")).toEqual(files("docker"));
  const look = [step("context ls"), step("context inspect local loose again zipped")];
  for (const each of look) {
    expect(await berth(each, "docker")).toBe(docker(each, "docker"));
    expect(docker(each, "berth")).toBe(await berth(each, "berth"));
  }
}, 180_000);

function environment(step: Step, store: string): Readonly<Record<string, string>> {
  mkdirSync(path(store), { recursive: true });
  return { PATH: process.env["PATH"] ?? "", HOME: folder, DOCKER_CONFIG: path(store), ...step.env };
}

const argvOf = ({ argv }: Step, store: string): readonly string[] => argv.map((word) => word.replace("STORE", store));

function docker(step: Step, store: string): string {
  const ran = Bun.spawnSync([REAL_DOCKER, ...argvOf(step, store)], { env: environment(step, store), stdin: "ignore" });
  return shown(step, ran.exitCode, ran.stdout.toString(), ran.stderr.toString(), store);
}

async function berth(step: Step, store: string): Promise<string> {
  const io = new RecordingIo(environment(step, store));
  const code = await runCli(argvOf(step, store), io, { version: "28.2.2" });
  return shown(step, code, io.texts.stdout, io.texts.stderr, store);
}

/** Without what has to differ: where the store is, and the socket of the default engine with the width it gives. */
function shown({ argv }: Step, code: number, stdout: string, stderr: string, store: string): string {
  const plain = (text: string): string =>
    text
      .replaceAll(path(store), "STORE")
      .replaceAll(`${store}.tar`, "STORE.tar")
      .replaceAll("unix:///run/berth/berth.sock", "SOCKET")
      .replaceAll("unix:///var/run/docker.sock", "SOCKET")
      .replaceAll(/(?<=\S) +/g, " ");
  return `$ ${argv.join(" ")}\n${plain(stdout)}${plain(stderr)}[${String(code)}]`;
}

/** Docker's own archive lacks its end: tar complains after it has listed all. */
function members(archive: string): string {
  const listed = Bun.spawnSync(["tar", "-tvf", path(archive)]).stdout.toString();
  return listed.replaceAll(/\/$/gm, "");
}

function files(store: string): readonly string[] {
  const listed = Bun.spawnSync(["find", ".", "-type", "f", "-exec", "sha256sum", "{}", "+"], { cwd: path(store) });
  return listed.stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !line.includes("config.json"))
    .toSorted();
}
