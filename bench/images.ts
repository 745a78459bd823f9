import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { buildImage, type BuiltImage } from "../tools/lab/image-writer.ts";
import { writeTar, type TarEntry } from "../tools/lab/tar-writer.ts";
import { inTurns, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

const MIB = 1 << 20;
const LAYERS = 10;
const LAYER_MIB = 40;
const FILES = 10_000;

/** Bytes that gzip makes about three quarters of, as it does of programs; the same every time. */
function content(bytes: number, seed: string): Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  const out = Buffer.alloc(bytes);
  for (let at = 0, block = key; at < bytes; at += 64) {
    block = createHash("sha256").update(block).digest();
    out.write(block.toString("hex").slice(0, 48), at, "latin1");
    block.copy(out, at + 24);
  }
  return out;
}

/** Ten layers of 40 MiB, 400 files of 100 KiB in each. */
function largeImage(): BuiltImage {
  const layers = Array.from({ length: LAYERS }, (_, layer) => {
    const all = content(LAYER_MIB * MIB, `layer ${layer}`);
    const size = Math.floor(all.length / 400);
    const files = Array.from({ length: 400 }, (_file, index): TarEntry => {
      return { path: `usr/lib/${layer}/${index}`, content: all.subarray(index * size, (index + 1) * size) };
    });
    return writeTar(files);
  });
  return buildImage({ layers, format: "docker" });
}

/** One layer of 10,000 files of 4 KiB in 100 folders. */
function manyFilesImage(): BuiltImage {
  const files = Array.from({ length: FILES }, (_, index): TarEntry => {
    return { path: `srv/${index % 100}/${index}`, content: content(4096, `file ${index}`) };
  });
  return buildImage({ layers: [writeTar(files)], format: "docker" });
}

/** Pull, save, load and push, on both sides in turns, from the same registry and in each side's own words. */
export async function imageFigures(sides: readonly Side[]): Promise<Figure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "berth-bench-images-"));
  const figures: Figure[] = [];
  try {
    await sides[0]?.publish("large", largeImage());
    await sides[0]?.publish("files", manyFilesImage());
    const name = (side: Side, repository: string): string => `${side.registry}/${repository}`;
    figures.push(
      ...(await inTurns("pull of a 10-layer image of 400 MiB", "ms", sides, 3, async (side) => {
        const ms = await timed(() => side.cli(["pull", "-q", name(side, "large")]));
        await side.cli(["rmi", name(side, "large")]);
        return ms;
      })),
    );
    for (const [repository, text] of [
      ["files", `an image of ${FILES} files`],
      ["large", "the 400 MiB image"],
    ] as const) {
      for (const side of sides) await side.cli(["pull", "-q", name(side, repository)]);
      const file = (side: Side): string => join(scratch, `${repository}-${side.name}.tar`);
      figures.push(
        ...(await inTurns(`save of ${text}`, "ms", sides, 3, (side) =>
          timed(() => side.cli(["save", "-o", file(side), name(side, repository)])),
        )),
      );
      // Each loads what the reference wrote, where there is one: uncompressed layers.
      const archive = file(sides.find((side) => side.name === "dockerd") ?? (sides[0] as Side));
      figures.push(
        ...(await inTurns(
          `load of ${text} (${Math.round(statSync(archive).size / MIB)} MiB)`,
          "ms",
          sides,
          3,
          async (side) => {
            await side.cli(["rmi", name(side, repository)]);
            return timed(() => side.cli(["load", "-q", "-i", archive]));
          },
        )),
      );
      figures.push(
        ...(await inTurns(`push of ${text} to another repository of the registry`, "ms", sides, 1, async (side) => {
          const target = `${side.registry}/pushed-${repository}-${randomBytes(4).toString("hex")}`;
          await side.cli(["tag", name(side, repository), target]);
          return timed(() => side.cli(["push", "-q", target]));
        })),
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return figures;
}
