import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineCommands } from "#cli/commands/command-table.ts";
import { commandHelp } from "#cli/help.ts";

/** Every command's help at 80 columns, as docker 28.2 lays it out. `UPDATE_GOLDEN=1` writes the files anew. */
for (const command of engineCommands) {
  const [path] = command.paths;
  test(path, () => {
    const file = join(import.meta.dir, `${path.replaceAll(" ", "-")}.txt`);
    const help = commandHelp("berth", command, path, 80);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, help);
    expect(existsSync(file)).toBe(true);
    expect(help).toBe(readFileSync(file, "utf8"));
  });
}
