import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry } from "../tools/lab/berth-registry.ts";
import { openBrowser } from "../tools/lab/browser.ts";
import { mustRun } from "../tools/lab/command.ts";
import { startDebianRegistry } from "../tools/lab/debian-registry.ts";
import type { DaemonProcess } from "../tools/lab/daemon-process.ts";
import { sha256 } from "../tools/lab/image-writer.ts";
import { makeScratch, removeScratch } from "../tools/lab/scratch.ts";
import { inTurns, timed, type Figure } from "./measure.ts";

interface RegistrySide {
  readonly name: string;
  readonly address: string;
  readonly daemon: DaemonProcess;
}

/** Ours and Debian's. */
export const registrySides = ["berth", "docker-registry"] as const;

const CLIENTS = 16;
const SECONDS = 2;
const BLOB_MIB = 1024;
const REPOSITORIES = 10_000;
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
/** A manifest that needs no blobs. */
const index = `{"schemaVersion":2,"mediaType":"${INDEX_TYPE}","manifests":[]}`;

/** What a registry does most: tell what a tag points to, hand out blobs, take manifests; and searching, which ours alone can. */
export async function registryFigures(): Promise<readonly Figure[]> {
  const dir = makeScratch("bench-registry");
  const ours = join(dir, "berth");
  mkdirSync(ours);
  const sides: RegistrySide[] = [
    { name: registrySides[0], ...(await startBerthRegistry({ dir: ours })) },
    { name: registrySides[1], ...(await startDebianRegistry({ dir })) },
  ];
  try {
    const blob = new Map<RegistrySide, string>();
    const spent = new Map<RegistrySide, number>();
    for (const side of sides) {
      await putIndex(side, "app");
      blob.set(side, await pushLarge(side));
    }
    const figures = [
      ...(await inTurns(`manifest HEADs, ${CLIENTS} clients`, "requests/s", sides, 3, (side) => heads(side))),
      ...(await inTurns(
        `${CLIENTS} parallel GETs of a ${BLOB_MIB} MiB blob`,
        "MiB/s",
        sides,
        1,
        async (side) => {
          const before = cpuMs(side);
          const rate = await gets(side, blob.get(side) ?? "");
          spent.set(side, (cpuMs(side) - before) / ((CLIENTS * BLOB_MIB) / 1024));
          return rate;
        },
        false,
      )),
      ...(await inTurns(
        "registry's own processor time for each GiB of it",
        "ms",
        sides,
        1,
        (side) => Promise.resolve(spent.get(side) ?? Number.NaN),
        false,
      )),
      ...(await inTurns(
        "registry after that, most memory",
        "MiB",
        sides,
        1,
        (side) => Promise.resolve(peak(side)),
        false,
      )),
      ...(await inTurns(
        `manifest PUTs, ${CLIENTS} clients`,
        "requests/s",
        sides,
        1,
        (side) => puts(side, 1000),
        false,
      )),
    ];
    const [berth] = sides;
    if (berth !== undefined) figures.push(...(await searches(berth)), ...(await paints(berth)));
    return figures;
  } finally {
    for (const { daemon } of sides) await daemon.stop();
    removeScratch(dir);
  }
}

async function putIndex({ address }: RegistrySide, name: string): Promise<void> {
  const url = `http://${address}/v2/${name}/manifests/latest`;
  const answer = await fetch(url, { method: "PUT", headers: { "Content-Type": INDEX_TYPE }, body: index });
  if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

async function pushLarge({ address }: RegistrySide): Promise<string> {
  const bytes = Buffer.alloc(BLOB_MIB << 20, "0123456789abcdef");
  const digest = sha256(bytes);
  const begun = await fetch(`http://${address}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", `http://${address}`);
  location.searchParams.set("digest", digest);
  const headers = { "Content-Type": "application/octet-stream" };
  const done = await fetch(location, { method: "PUT", headers, body: bytes });
  if (done.status !== 201) throw new Error(`push of the blob: ${done.status} ${await done.text()}`);
  return digest;
}

/** Requests a second over connections that stay open, each waiting for its answer. */
async function heads({ address }: RegistrySide): Promise<number> {
  const [hostname = "", port = ""] = address.split(":");
  const request = `HEAD /v2/app/manifests/latest HTTP/1.1\r\nHost: ${address}\r\nAccept: ${INDEX_TYPE}\r\n\r\n`;
  const end = performance.now() + SECONDS * 1000;
  let answered = 0;
  const client = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let text = "";
      Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          open: (socket) => void socket.write(request),
          data(socket, bytes) {
            text += bytes.toString("latin1");
            if (!text.endsWith("\r\n\r\n")) return;
            if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text));
            text = "";
            answered += 1;
            if (performance.now() < end) socket.write(request);
            else socket.end();
          },
          close: () => resolve(),
          error: (_socket, error) => reject(error),
        },
      }).catch(reject);
    });
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return answered / SECONDS;
}

async function gets({ address }: RegistrySide, digest: string): Promise<number> {
  const url = `http://${address}/v2/app/blobs/${digest}`;
  const get = (): Promise<string> => mustRun(["curl", "-sf", "-o", "/dev/null", url], { timeoutMs: 300_000 });
  const ms = await timed(() => Promise.all(Array.from({ length: CLIENTS }, get)));
  return (CLIENTS * BLOB_MIB * 1000) / ms;
}

/** The most memory that was resident at any time. */
function peak({ daemon }: RegistrySide): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) / 1024;
}

const TICK_MS = 10;

/** Of all its threads, in and out of the kernel. */
function cpuMs({ daemon }: RegistrySide): number {
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function puts(side: RegistrySide, count: number): Promise<number> {
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) await putIndex(side, `team${left % 50}/app-${left}`);
  };
  const ms = await timed(() => Promise.all(Array.from({ length: CLIENTS }, client)));
  return (count * 1000) / ms;
}

async function searches(side: RegistrySide): Promise<readonly Figure[]> {
  await puts(side, REPOSITORIES);
  return inTurns(`search over ${REPOSITORIES} repositories`, "ms", [side], 21, ({ address }) =>
    timed(async () => {
      const answer = await fetch(`http://${address}/v1/search?q=app-77&n=25`);
      const { num_results } = (await answer.json()) as { num_results: number };
      if (num_results < 100) throw new Error(`only ${num_results} were found`);
    }),
  );
}

/** What Chromium calls the first contentful paint of the page that lists repositories, in a window that was open already. */
async function paints(side: RegistrySide): Promise<readonly Figure[]> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    return await inTurns("first paint of the page", "ms", [side], 5, async ({ address }) => {
      await page.goto(`http://${address}/ui/`);
      const script = `new Promise((resolve) => new PerformanceObserver((list) => {
        const [entry] = list.getEntriesByName("first-contentful-paint");
        if (entry) resolve(entry.startTime);
      }).observe({ type: "paint", buffered: true }))`;
      return page.evaluate<number>(script);
    });
  } finally {
    await browser.close();
  }
}
