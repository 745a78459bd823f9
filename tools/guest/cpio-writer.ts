/** One file of an initial RAM file system; folders are made from the paths. */
export interface CpioFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** An archive in the kernel's initramfs format, "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function writeCpio(files: readonly CpioFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let inode = 1;
  const add = (path: string, mode: number, content: Uint8Array): void => {
    const name = Buffer.from(`${path}\0`);
    const fields = [inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
    parts.push(aligned(Buffer.concat([header, name])), aligned(content));
  };
  const folders = new Set<string>();
  for (const file of files) {
    const words = file.path.split("/").slice(0, -1);
    words.forEach((_, index) => folders.add(words.slice(0, index + 1).join("/")));
  }
  for (const folder of [...folders].sort()) add(folder, 0o040755, new Uint8Array());
  for (const file of files) add(file.path, 0o100000 | file.mode, file.content);
  add("TRAILER!!!", 0, new Uint8Array());
  return Buffer.concat(parts);
}

function aligned(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
