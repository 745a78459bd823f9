import { decimalSize, parseBytes, parseDuration } from "#base/units.ts";
import type { ImagesCleaned } from "#spec/berth/images.ts";
import type { Handler } from "../command.ts";
import { confirmed } from "../prune/confirm.ts";

const WARNING = "WARNING! This will remove images that no container uses.";

/** `image clean`: images that nobody used for a while, all or as many as it takes to get below a size. */
export const cleanImages: Handler = async ({ flags, io, client }) => {
  const dryRun = flags.on("dry-run");
  const size = (name: string): number | undefined =>
    flags.text(name) === "" ? undefined : parseBytes(flags.text(name));
  const high = size("high");
  const low = size("low") ?? high ?? 0;
  const unusedFor = flags.text("unused-for");
  const policy = {
    High: high ?? null,
    Low: low,
    UnusedForMs: unusedFor === "" ? 0 : Number(parseDuration(unusedFor) / 1_000_000n),
    Keep: flags.list("keep"),
    DryRun: dryRun,
  };
  if (!dryRun && !flags.on("force") && !(await confirmed(io, WARNING))) return 0;
  io.stdout.write(cleanedText(await (await client()).images.clean(policy), dryRun));
  return 0;
};

function cleanedText({ Images, SpaceReclaimed }: ImagesCleaned, dryRun: boolean): string {
  const lines = Images.map(({ Id, Names }) => `${dryRun ? "Would remove" : "Removed"}: ${Names[0] ?? Id}\n`);
  const total = dryRun ? "Space to be reclaimed" : "Total reclaimed space";
  return `${lines.join("")}${lines.length > 0 ? "\n" : ""}${total}: ${decimalSize(SpaceReclaimed)}\n`;
}
