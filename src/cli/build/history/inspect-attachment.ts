import { BerthError } from "#base/errors.ts";
import type { Handler } from "../../command.ts";
import { platformJson } from "../../image/platform-json.ts";
import { findBuild } from "./find-build.ts";

/** `builder history inspect attachment`: a statement about what a build made, while the engine has the image. */
export const inspectAttachment: Handler = async ({ flags, args, io, client }) => {
  const api = (await client()).build;
  const [reference = "", digest = ""] = args;
  const { id } = await findBuild(api, reference);
  const wanted = { platform: platformJson(flags.text("platform")), type: flags.text("type") };
  const found = await api.attachments(id, wanted);
  const matching = found.filter(({ Descriptor }) =>
    Descriptor.digest.replace(/^sha256:/, "").startsWith(hexOf(digest)),
  );
  const [only, ...others] = matching;
  if (only === undefined)
    throw new BerthError("not-found", "no attachment found", { hint: "Build with --provenance or --sbom." });
  if (others.length > 0)
    throw new BerthError("invalid-parameter", "there are several attachments: give a digest or --type", {
      hint: matching.map(({ Descriptor, PredicateType }) => `${Descriptor.digest}  ${PredicateType}`).join("\n"),
    });
  io.stdout.write(`${JSON.stringify(only.Statement, undefined, 2)}\n`);
  return 0;
};

const hexOf = (digest: string): string => digest.replace(/^sha256:/, "");
