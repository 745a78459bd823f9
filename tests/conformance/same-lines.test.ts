/**
 * Lines that no transcript has, through the real docker CLI and through ours on one Berth engine: the same exit codes and the
 * same words once ids and times are taken out. Each client has the engine to itself, one after the other.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { buildImage, buildIndex } from "../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { differences, stories } from "./same-lines.ts";

setDefaultTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), "berth-lines-"));
let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "blines0", bip: "172.31.191.1/24" });
  const images = ["amd64", "arm64"].map((architecture) => ({
    architecture,
    image: buildImage({
      layers: [writeTar([{ path: `of-${architecture}`, content: new TextEncoder().encode(architecture) }])],
      architecture,
    }),
  }));
  for (const { image } of images) await pushImage(engine.registry, "multi", image.digest, image);
  await pushManifest(engine.registry, "multi", "1", buildIndex(images));
  mkdirSync(join(folder, "context"));
  writeFileSync(
    join(folder, "context/Dockerfile"),
    "FROM busybox AS first\nARG WORD\nRUN echo $WORD >/w\nFROM first\n",
  );
  writeFileSync(join(folder, "context/Other"), "FROM busybox\nRUN cat /etc/hosts; ulimit -n\n");
}, 240_000);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly line: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function told(client: readonly string[], story: readonly string[], home: string): Promise<readonly Said[]> {
  const env = {
    ...cliEnvironment(engine.host),
    HOME: home,
    DOCKER_CONFIG: join(home, ".docker"),
    DOCKER_BUILDKIT: "0",
  };
  mkdirSync(join(home, ".docker"), { recursive: true });
  const said: Said[] = [];
  for (const line of story) {
    const words = line.replaceAll("REGISTRY", engine.registry).replaceAll("DIR", folder).split(" ");
    const { code, stdout, stderr } = await command([...client, ...words], { env, timeoutMs: 60_000 });
    said.push({ line, code, stdout: plain(stdout), stderr: plain(stderr) });
  }
  return said;
}

/** Without ids, times and the program's name. */
const plain = (text: string): string =>
  text
    .replaceAll(/(?:sha256:)?\b[0-9a-f]{64}\b/gu, "ID")
    .replaceAll(/\b[0-9a-f]{12}\b/gu, "ID")
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| [+-]\d{4} \w+)/gu, "TIME")
    .replaceAll(/\bberth\b/gu, "docker")
    .split("\n")
    .filter(
      (line) => !/^$|^DEPRECATED: The legacy builder|^ {12}(?:BuildKit|environment|Install)|^Sending build/u.test(line),
    )
    .join("\n");

test.each(Object.keys(stories))("%s", async (name) => {
  const story = stories[name] ?? [];
  const theirs = await told([await dockerCli()], story, join(folder, "theirs"));
  const ours = await told(berthCommand(), story, join(folder, "ours"));
  const known = ({ line }: Said): boolean => differences[line] !== undefined;
  expect(ours.filter((said) => !known(said))).toEqual(theirs.filter((said) => !known(said)));
  // The list is true.
  for (const [index, said] of ours.entries()) if (known(said)) expect(said).not.toEqual(theirs[index]);
});
