import { BerthError } from "#base/errors.ts";

const flags: ReadonlySet<string> = new Set(
  (
    "defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime " +
    "nodiratime bind rbind private rprivate shared rshared slave rslave unbindable runbindable relatime norelatime " +
    "strictatime nostrictatime"
  ).split(" "),
);
const values: ReadonlySet<string> = new Set(["mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"]);

/** Check the options of `--tmpfs PATH:OPTIONS`. `invalid-parameter` in Docker's words, which are Go's for a list. */
export function checkTmpfsOptions(options: string): void {
  for (const option of options === "" ? [] : options.split(",")) {
    const at = option.indexOf("=");
    const known = at < 0 ? flags.has(option) : values.has(option.slice(0, at));
    if (known) continue;
    const parts = at < 0 ? [option] : [option.slice(0, at), option.slice(at + 1)];
    const quoted = parts.map((part) => JSON.stringify(part)).join(" ");
    throw new BerthError("invalid-parameter", `invalid tmpfs option [${quoted}]`);
  }
}
