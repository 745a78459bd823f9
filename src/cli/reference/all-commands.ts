import type { Command } from "../command.ts";

/** A command as its help prints it, and the path that is told of. */
export interface DescribedCommand {
  readonly path: string;
  readonly command: Command;
}

/** Every command that is shown, those below others too, in the order of their first paths. */
export async function allCommands(commands: readonly Command[]): Promise<readonly DescribedCommand[]> {
  const described = await Promise.all(commands.filter(({ hidden }) => hidden !== true).map(withNested));
  return described.flat().toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function withNested(command: Command): Promise<readonly DescribedCommand[]> {
  const [path] = command.paths;
  const description = (await command.describe?.()) ?? command.description;
  const own = { path, command: description === undefined ? command : { ...command, description } };
  const nested = (await command.nested?.commands()) ?? [];
  return [
    own,
    ...nested.map(({ name, aliases = [], ...rest }): DescribedCommand => {
      const paths = [`${path} ${name}`, ...aliases.map((alias) => `${path} ${alias}`)] as const;
      return {
        path: paths[0],
        command: { ...command, ...rest, kind: "command", paths: [paths[0], ...paths.slice(1)] },
      };
    }),
  ];
}
