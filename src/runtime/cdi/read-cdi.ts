import { messageOf } from "#base/errors.ts";
import { listDirectory, readTextFile } from "#host/files/files.ts";
import { parseYaml } from "#host/bun/yaml.ts";
import { CdiDevices } from "./cdi-devices.ts";
import { parseCdiSpec, type CdiSpec } from "./cdi-spec.ts";

const MAX_SPEC_BYTES = 4 << 20;

export interface CdiReading {
  readonly devices: CdiDevices;
  /** What could not be read, a sentence each; its devices are not there. */
  readonly problems: readonly string[];
}

/** Read the `.json` and `.yaml` files of the folders; folders that are missing hold nothing. */
export function readCdi(folders: readonly string[]): CdiReading {
  const problems: string[] = [];
  const read = (path: string): readonly CdiSpec[] => {
    try {
      return [parseCdiSpec(parseYaml(readTextFile(path, MAX_SPEC_BYTES)))];
    } catch (error) {
      problems.push(`CDI specification ${path} cannot be used: ${messageOf(error)}`);
      return [];
    }
  };
  const specs = folders.map((folder) =>
    listDirectory(folder)
      .filter((name) => /\.(?:json|yaml)$/u.test(name))
      .toSorted()
      .flatMap((name) => read(`${folder}/${name}`)),
  );
  return { devices: new CdiDevices(specs), problems };
}
