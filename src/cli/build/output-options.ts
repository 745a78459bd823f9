import { absolutePath } from "#base/absolute-path.ts";
import { csvFields } from "#base/csv-fields.ts";
import type { BuildAnnotation, BuildAttestation, BuildOutputOption } from "#spec/berth/build-options.ts";

/** Where on this machine an output's bytes go. */
export type OutputPlace =
  | { readonly kind: "file"; readonly path: string }
  /** Laid out there. */
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "stdout" };

/** One `--output`; without a place it is the engine's alone. */
export interface Output {
  readonly option: BuildOutputOption;
  readonly place: OutputPlace | undefined;
}

interface Asked {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * `--output`, `--push` and `--load` in buildx's words: `-o FOLDER` and `-o -` are short for a folder and a tar on standard
 * output; what has a `dest` comes here, everything else stays with the engine.
 */
export function outputOptions(
  texts: readonly string[],
  { push, load }: { readonly push: boolean; readonly load: boolean },
  workingDirectory: string,
): readonly Output[] {
  let asked = texts.map(parse);
  if (push) {
    const isImage = ({ type }: Asked): boolean => type === "image" || type === "registry";
    const pushed = (one: Asked): Asked => ({ ...one, attributes: { ...one.attributes, push: "true" } });
    asked = asked.some(isImage)
      ? asked.map((one) => (isImage(one) ? pushed(one) : one))
      : [...asked, pushed({ type: "image", attributes: {} })];
  }
  const isLoaded = ({ type, attributes }: Asked): boolean =>
    type === "image" || type === "registry" || (type === "docker" && attributes["dest"] === undefined);
  if (load && !asked.some(isLoaded)) asked = [...asked, { type: "image", attributes: {} }];
  const outputs = asked.map((one) => outputOf(one, workingDirectory));
  if (outputs.filter(({ place }) => place?.kind === "stdout").length > 1)
    throw new Error("only one output can be standard output");
  return outputs;
}

function parse(text: string): Asked {
  const fields = csvFields(text);
  const [first = ""] = fields;
  if (fields.length === 1 && first === text && !text.startsWith("type=")) {
    if (text === "-") return { type: "tar", attributes: { dest: "-" } };
    return { type: "local", attributes: { dest: text } };
  }
  const attributes: Record<string, string> = {};
  for (const field of fields) {
    const at = field.indexOf("=");
    if (at < 0) throw new Error(`invalid value ${field}`);
    attributes[field.slice(0, at).trim().toLowerCase()] = field.slice(at + 1);
  }
  const { type = "", ...rest } = attributes;
  if (type === "") throw new Error("type is required for output");
  return { type, attributes: rest };
}

function outputOf({ type, attributes }: Asked, workingDirectory: string): Output {
  const { dest, ...rest } = attributes;
  const place = placeOf(type, dest, rest["tar"], workingDirectory);
  return { option: { type, attributes: rest, toClient: place !== undefined }, place };
}

function placeOf(
  type: string,
  dest: string | undefined,
  tar: string | undefined,
  workingDirectory: string,
): OutputPlace | undefined {
  const path = dest === undefined ? "" : absolutePath(dest, workingDirectory);
  switch (type) {
    case "local":
      if (dest === undefined || dest === "") throw new Error("dest is required for local output");
      if (dest === "-") throw new Error("dest cannot be stdout for local output");
      return { kind: "folder", path };
    case "docker":
      if (dest === undefined) return undefined;
      break;
    case "tar":
    case "oci":
      break;
    default:
      if (dest !== undefined) throw new Error(`dest is not supported for ${type} output`);
      return undefined;
  }
  if (tar !== undefined && /^(0|f|false)$/i.test(tar)) {
    if (path === "" || dest === "-") throw new Error(`dest is required for ${type} output with tar=false`);
    return { kind: "folder", path };
  }
  return path === "" || dest === "-" ? { kind: "stdout" } : { kind: "file", path };
}

/** `--cache-to`: a name alone is a registry's. */
export function cacheToOptions(texts: readonly string[], workingDirectory: string): readonly Output[] {
  return texts.map((text) => {
    const { type, attributes } = parseCache(text);
    const { dest, ...rest } = attributes;
    if (type !== "local") return { option: { type, attributes, toClient: false }, place: undefined };
    if (dest === undefined || dest === "") throw new Error("dest is required for a local cache");
    const path = absolutePath(dest, workingDirectory);
    return { option: { type, attributes: rest, toClient: true }, place: { kind: "folder", path } };
  });
}

/** `--cache-from`: a name alone is a registry's. */
export function cacheFromOptions(texts: readonly string[], workingDirectory: string): readonly BuildOutputOption[] {
  return texts.map((text) => {
    const { type, attributes } = parseCache(text);
    const { src } = attributes;
    const isFolder = type === "local" && src !== undefined && src !== "";
    const placed = isFolder ? { ...attributes, src: absolutePath(src, workingDirectory) } : attributes;
    return { type, attributes: placed, toClient: false };
  });
}

function parseCache(text: string): Asked {
  if (!text.includes("=")) return { type: "registry", attributes: { ref: text } };
  return parse(text.startsWith("type=") || text.includes(",type=") ? text : `type=registry,${text}`);
}

/** `--attest`, and `--provenance` and `--sbom`, which are short for it: `true`, `false` or attributes. */
export function attestOptions(
  texts: readonly string[],
  short: { readonly provenance: string; readonly sbom: string },
): readonly BuildAttestation[] {
  const attests = texts.map(parse);
  for (const type of ["provenance", "sbom"] as const) {
    const text = short[type];
    if (text === "") continue;
    if (/^(1|t|true)$/i.test(text)) attests.push({ type, attributes: {} });
    else if (/^(0|f|false)$/i.test(text)) attests.push({ type, attributes: { disabled: "true" } });
    else attests.push(parse(`type=${type},${text}`));
  }
  return attests;
}

const TYPES = ["manifest", "index", "manifest-descriptor", "index-descriptor"];

/** `--annotation [TYPE[[PLATFORM]],…:]KEY=VALUE` as attributes of exporters; without a type a manifest's. */
export function annotationOptions(texts: readonly string[]): readonly BuildAnnotation[] {
  return texts.flatMap((text) => {
    const at = text.indexOf("=");
    if (at < 0) throw new Error(`invalid annotation ${JSON.stringify(text)}, expected key=value`);
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    const colon = key.indexOf(":");
    if (colon < 0) return [{ attribute: `annotation-manifest.${key}`, value }];
    return key
      .slice(0, colon)
      .split(",")
      .map((place) => {
        const [, type = "", platform = ""] = /^([a-z-]+)(\[[^\]]+\])?$/.exec(place) ?? [];
        if (!TYPES.includes(type)) throw new Error(`unknown annotation type ${JSON.stringify(place)}`);
        return { attribute: `annotation-${type}${platform}.${key.slice(colon + 1)}`, value };
      });
  });
}
