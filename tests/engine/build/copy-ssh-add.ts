import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";

/** The machine's ssh-add(1) with what it is linked to. */
export async function copySshAdd(folder: string): Promise<void> {
  const linked = await mustRun(["ldd", "/usr/bin/ssh-add"]);
  mkdirSync(folder);
  for (const [, path = ""] of linked.matchAll(/(\/\S+) \(0x/g))
    copyFileSync(path, join(folder, path.includes("/ld-linux") ? "loader" : basename(path)));
  copyFileSync("/usr/bin/ssh-add", join(folder, "ssh-add"));
}
