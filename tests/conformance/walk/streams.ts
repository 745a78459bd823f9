/** Names of an archive's members, files alone. */
export function listTar(archive: Uint8Array): readonly string[] {
  const names: string[] = [];
  const text = (from: number, length: number): string =>
    Buffer.from(archive.subarray(from, from + length))
      .toString("latin1")
      .replace(/\0.*$/su, "");
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const sizeBytes = parseInt(text(at + 124, 12).trim() || "0", 8);
    if (/^[0\0]?$/u.test(text(at + 156, 1))) names.push(text(at, 100));
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return names;
}

/** What is told of a transfer only when it takes long enough: dockerd tells who watches a layer of its latest state alone. */
const passing =
  /^(?:Waiting|Verifying Checksum|Downloading|Download complete|Extracting|Pushing|Preparing|Loading layer)$/u;

/** Lines of a stream, each by `show` where it is JSON, without those that come or do not come by chance. */
export function withoutChance(lines: readonly string[], show: (line: string) => string): readonly string[] {
  return lines.flatMap((line) => {
    try {
      const message = JSON.parse(line) as { readonly status?: string } | null;
      if (passing.test(message?.status ?? "")) return [];
      return [show(line)];
    } catch {
      return [line];
    }
  });
}
