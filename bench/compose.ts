import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptSuite } from "../tools/lab/apt-suite.ts";
import { mustRun } from "../tools/lab/command.ts";
import { berthCommand } from "../tools/lab/engines.ts";
import { extractPackages } from "../tools/lab/extracted-packages.ts";
import { makeScratch, removeScratch } from "../tools/lab/scratch.ts";
import { median, timed, type Figure } from "./measure.ts";
import type { Side } from "./sides.ts";

const services = Array.from({ length: 10 }, (_, index) => `s${index}`);

/** Ten small services in a chain of two, on one network. */
const project = `
services:
${services
  .map((name, index) => {
    const after = index < 5 ? "" : `, depends_on: [s${index - 5}]`;
    return `  ${name}: {image: busybox, command: sleep 3600, stop_grace_period: 0s, environment: {NAME: ${name}}${after}}`;
  })
  .join("\n")}
`;

/** A project of ten services: made, looked at again, taken down; each engine by its own Compose. */
export async function composeFigures(sides: readonly Side[]): Promise<Figure[]> {
  const folder = join(makeScratch("bench-compose"), "ten");
  mkdirSync(folder);
  writeFileSync(join(folder, "compose.yaml"), project);
  const packages = await extractPackages("compose-v2", ["docker-cli", "docker-compose"], await aptSuite("trixie"));
  const programs: Readonly<Record<Side["name"], readonly string[]>> = {
    berth: [...berthCommand(), "compose"],
    dockerd: [join(packages, "usr/libexec/docker/cli-plugins/docker-compose")],
  };
  const acts = [
    ["compose up -d of 10 services", ["up", "-d"]],
    ["the same again, nothing changed", ["up", "-d"]],
    ["compose ps", ["ps"]],
    ["compose down", ["down"]],
  ] as const;
  const samples = new Map<string, Map<Side["name"], number[]>>();
  try {
    for (let round = 0; round < 5; round++) {
      for (const side of sides) {
        for (const [measure, words] of acts) {
          const env = { DOCKER_HOST: side.engine.host, BERTH_HOST: side.engine.host, HOME: folder };
          const command = [...side.enter, ...programs[side.name], ...words];
          const ms = await timed(() => mustRun(command, { cwd: folder, env, timeoutMs: 60_000 }));
          const bySide = samples.get(measure) ?? new Map<Side["name"], number[]>();
          samples.set(measure, bySide.set(side.name, [...(bySide.get(side.name) ?? []), ms]));
        }
      }
    }
  } finally {
    removeScratch(join(folder, ".."));
  }
  return [...samples].flatMap(([measure, bySide]) =>
    [...bySide].map(([side, values]) => ({
      measure,
      unit: "ms" as const,
      side,
      value: median(values),
      samples: values,
    })),
  );
}
