import { shortId } from "#base/ids.ts";
import type { SystemCheck } from "#spec/berth/images.ts";
import type { Handler } from "../command.ts";

/** `system check`: 0 when all is well, or was mended; 1 with a line for each problem that stays. */
export const checkSystem: Handler = async ({ flags, io, client }) => {
  const answer = await (await client()).images.check({ repair: flags.on("repair") });
  if (flags.text("format") === "json") io.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
  else io.stdout.write(checkText(answer));
  return answer.Problems.every(({ Repaired }) => Repaired) ? 0 : 1;
};

function checkText({ Images, Blobs, Layers, Problems }: SystemCheck): string {
  const lines = Problems.map(({ Kind, Subject, Message, Images: users, Repaired }) => {
    const needed = Kind === "image" ? "" : ` (of ${users.map(shortId).join(", ") || "nothing"})`;
    return `${Repaired ? "repaired" : "broken"}: ${Kind} ${Subject}${needed}: ${Message}\n`;
  });
  return `${lines.join("")}Checked ${Images} images, ${Blobs} blobs, ${Layers} layers: ${Problems.length} problems\n`;
}
