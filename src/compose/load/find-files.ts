import { dirname, isAbsolute, join } from "node:path";
import { BerthError } from "#base/errors.ts";
import { standardInput } from "./read-files.ts";

export interface FoundFiles {
  readonly files: readonly string[];
  readonly workingDirectory: string;
}

/** What a project's file is called, the first that is there. */
export const projectFileNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const overrides = [
  "compose.override.yaml",
  "compose.override.yml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface FindOptions {
  /** Of `-f` or COMPOSE_FILE; empty: looked for here and in the folders above. */
  readonly given: readonly string[];
  /** Of `--project-directory`; empty when not given. */
  readonly projectDirectory: string;
  readonly currentDirectory: string;
  readonly exists: (path: string) => boolean;
}

/** A project's files and the folder its relative paths start at (03-compose-file.md). `not-found` when there are none. */
export function findFiles({ given, projectDirectory, currentDirectory, exists }: FindOptions): FoundFiles {
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(currentDirectory, path));
  const chosen = projectDirectory === "" ? undefined : absolute(projectDirectory);
  if (given.length > 0) {
    const files = given.map((file) => (file === standardInput ? file : absolute(file)));
    const first = files[0] ?? "";
    return { files, workingDirectory: chosen ?? (first === standardInput ? currentDirectory : dirname(first)) };
  }
  for (let folder = chosen ?? currentDirectory; ; folder = dirname(folder)) {
    const file = projectFileNames.find((name) => exists(join(folder, name)));
    if (file !== undefined) {
      const override = overrides.find((name) => exists(join(folder, name)));
      return {
        files: [file, ...(override === undefined ? [] : [override])].map((name) => join(folder, name)),
        workingDirectory: chosen ?? folder,
      };
    }
    if (folder === dirname(folder)) break;
  }
  throw new BerthError("not-found", "no configuration file provided: not found", {
    hint: `Looked for ${projectFileNames.join(", ")} in ${chosen ?? currentDirectory} and above; name another by -f.`,
  });
}
