export interface VolumeSpec {
  /** Empty for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly kind: "volume" | "bind";
}

/** `-v [source:]target[:options]`: options are checked by the engine. Throws with docker's words. */
export function parseVolumeSpec(spec: string): VolumeSpec {
  if (spec === "") throw new Error("invalid empty volume spec");
  if (spec.length <= 2) return { source: "", target: spec, kind: "volume" };
  const sections = splitSections(spec);
  if (sections.some((section) => section === ""))
    throw new Error(`invalid spec: ${spec}: empty section between colons`);
  if (sections.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
  const [first = "", target] = sections;
  if (target === undefined) return { source: "", target: first, kind: "volume" };
  return { source: first, target, kind: isFilePath(first) ? "bind" : "volume" };
}

/** docker-compat: a single letter before a colon is taken for a Windows drive on every system. */
function splitSections(spec: string): readonly string[] {
  const sections: string[] = [];
  let section = "";
  for (const letter of spec) {
    if (letter !== ":" || /^\p{L}$/u.test(section)) section += letter;
    else {
      sections.push(section);
      section = "";
    }
  }
  return [...sections, section];
}

function isFilePath(source: string): boolean {
  return /^[./~]/.test(source) || /^\p{L}:/u.test(source) || source.startsWith("\\\\");
}
