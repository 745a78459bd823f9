import { readTextFile } from "../files/files.ts";

/** A path as proc_pid_mountinfo(5) writes it, with spaces and such as octal escapes. */
export function unescapeMountPath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Is something mounted at exactly this path (clean, without symlinks) of this process's mount namespace? */
export function isMountPoint(path: string): boolean {
  return readTextFile("/proc/self/mountinfo", 16 << 20)
    .split("\n")
    .some((line) => unescapeMountPath(line.split(" ", 5)[4] ?? "") === path);
}
