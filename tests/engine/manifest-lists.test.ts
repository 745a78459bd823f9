/** `manifest` by the docker CLI and by berth on the same registry: the same words, the same files, the same digests. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { command } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { buildImage, buildIndex, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let registry: RunningRegistry;
let scratch = "";
const made = (architecture: string, format: "docker" | "oci" = "docker"): BuiltImage =>
  buildImage({ layers: [writeTar([{ path: architecture, content: architecture }])], architecture, format });
const [amd64, arm64, s390x] = [made("amd64"), made("arm64"), made("s390x", "oci")];

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bmanlist0", bip: "172.31.244.1/24" });
  scratch = makeScratch("manifest-lists");
  registry = await startDebianRegistry({ dir: scratch, port: await freePort() });
  const { address } = registry;
  await pushImage(address, "app", "amd64", amd64);
  await pushImage(address, "app", "arm64", arm64);
  await pushImage(address, "app", "s390x", s390x);
  await pushImage(address, "other", "arm64", arm64);
  const pair = [
    { image: amd64, architecture: "amd64" },
    { image: arm64, architecture: "arm64" },
  ];
  await pushManifest(address, "app", "index", buildIndex(pair, "docker"));
}, 180_000);

afterAll(async () => {
  await engine.close();
  await registry.stop();
  removeScratch(scratch);
});

/** What a client says to each of `steps`, one after the other, with a configuration of its own. */
async function transcript(client: "docker" | "berth", steps: readonly (readonly string[])[]): Promise<string> {
  const config = `${scratch}/${client}`;
  mkdirSync(config, { recursive: true });
  const env = { ...cliEnvironment(engine.host), DOCKER_CONFIG: config };
  const program = client === "docker" ? ["docker"] : berthCommand();
  let text = "";
  for (const step of steps) {
    const { code, stdout, stderr } = await command([...program, "manifest", ...step], { env });
    text += `$ ${step.join(" ")}\n${stdout}${stderr}= ${code}\n`;
  }
  return text;
}

function listedFiles(client: string): Readonly<Record<string, string>> {
  const folder = `${scratch}/${client}/manifests`;
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    paths.map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return [path.slice(folder.length), readFileSync(path, "utf8")];
    }),
  );
}

test("every command and flag answers as docker's does, and what is pushed has docker's digest", async () => {
  const app = `${registry.address}/app`;
  const list = `${app}:list`;
  const first = [
    ["create", "--insecure", list, `${app}:amd64`, `${app}:arm64`],
    ["create", "--insecure", list, `${app}:arm64`],
    ["create", "--amend", "--insecure", list, `${app}:s390x`],
    ["create", "--insecure", `${app}:bad`, `${app}:index`],
    ["create", "--insecure", `${app}:bad`, `${app}:nothing`],
    ["create", "--insecure", `${app}:exact`, `${app}@${amd64.digest}`],
    ["create", "--insecure", "UPPER", `${app}:amd64`],
    ["inspect", list],
    ["inspect", "--verbose", list],
    ["inspect", list, `${app}:arm64`],
    ["inspect", "-v", list, `${app}:arm64`],
    ["inspect", "--insecure", `${app}:s390x`],
    ["inspect", "-v", "--insecure", `${app}:amd64`],
    ["inspect", "--insecure", `${app}:index`],
    ["inspect", "-v", "--insecure", `${app}:index`],
    ["inspect", "--insecure", `${app}:nothing`],
    ["inspect", list, `${app}:nothing`],
    ["annotate", list, `${app}:arm64`, "--variant", "v8", "--os-features", "a,b", "--os-version", "1.2"],
    ["annotate", list, `${app}:amd64`, "--arch", "386", "--os", "windows"],
    ["annotate", list, `${app}:arm64`, "--arch", "nonsense"],
    ["annotate", list, `${app}:nothing`, "--arch", "arm64"],
    ["annotate", `${app}:nolist`, `${app}:arm64`, "--arch", "arm64"],
    ["inspect", list],
  ];
  const said = await transcript("docker", first);
  expect(await transcript("berth", first)).toBe(said);
  expect(listedFiles("berth")).toEqual(listedFiles("docker"));
  const second = [
    ["push", list],
    ["push", "--insecure", "--purge", list],
    ["push", list],
    ["create", "--insecure", `${app}:cross`, `${registry.address}/other:arm64`, `${app}:amd64`],
    ["push", "--insecure", `${app}:cross`],
    ["rm", `${app}:cross`, `${app}:nolist`],
    ["rm", `${app}:cross`],
  ];
  const pushed = await transcript("docker", second);
  expect(await transcript("berth", second)).toBe(pushed);
  expect(listedFiles("berth")).toEqual(listedFiles("docker"));
  const [, digest = ""] = /^(sha256:[0-9a-f]{64})$/m.exec(pushed) ?? [];
  const accept = "application/vnd.docker.distribution.manifest.list.v2+json";
  const answer = await fetch(`http://${registry.address}/v2/app/manifests/list`, { headers: { accept } });
  expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(digest);
});

test("a list that berth pushed takes images of other repositories over, and is pulled by platform", async () => {
  const fresh = `${registry.address}/fresh`;
  const steps = [
    ["create", `${fresh}:1`, `${registry.address}/app:amd64`, `${registry.address}/other:arm64`],
    ["push", "--purge", `${fresh}:1`],
  ];
  const said = await transcript("berth", steps);
  for (const { digest } of [amd64, arm64])
    expect(said).toContain(`Pushed ref ${fresh}@${digest} with digest: ${digest}\n`);
  await engine.ok("pull", "-q", "--platform", "linux/arm64", `${fresh}:1`);
  expect(await engine.ok("image", "inspect", "-f", "{{.Architecture}}", `${fresh}:1`)).toBe("arm64\n");
  await engine.ok("rmi", `${fresh}:1`);
});
