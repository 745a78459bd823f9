import { LogPrinter } from "../apply/log-printer.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { logFlags } from "./read-logs.ts";
import { containerOf, containersOf, openProjectName } from "./session.ts";
import { shortName } from "./stay-with.ts";
import { unlessInterrupted } from "./unless-interrupted.ts";
import { wantsColour } from "./wants-colour.ts";

/**
 * `logs`: of several containers in the order the lines were written, told from one another by their prefixes; with `-f` as
 * they come.
 */
export const logs: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const { name, project } = await openProjectName(invocation);
  const client = await invocation.client();
  const index = flags.number("index");
  const found = await containersOf(client, name, args, { project });
  const containers =
    index > 0 && args[0] !== undefined
      ? [await containerOf(client, name, args[0], index, { stopped: true })]
      : found.filter((container) => index === 0 || container.number === index);
  const printer = new LogPrinter(io, { prefix: !flags.on("no-log-prefix"), colour: wantsColour(invocation) });
  printer.expect(containers.map((container) => shortName(container, name)));
  if (flags.on("follow")) {
    const { followLogs } = await import("./follow-logs.ts");
    const isMeant = (container: ObservedContainer): boolean =>
      (args.length === 0 || args.includes(container.service)) && (index === 0 || container.number === index);
    await unlessInterrupted(io, () => followLogs(invocation, { project: name, isMeant, printer }));
    return 0;
  }
  const past = await Promise.all(containers.map((container) => pastLines(invocation, container)));
  const merged = past.flat().toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const sinks = new Map(containers.map((container) => [container.id, printer.sink(shortName(container, name), true)]));
  for (const { container, time, text } of merged)
    sinks.get(container)?.push(new TextEncoder().encode(`${flags.on("timestamps") ? `${time} ` : ""}${text}\n`));
  return 0;
};

interface StampedLine {
  readonly container: string;
  readonly time: string;
  readonly text: string;
}

async function pastLines(invocation: ComposeInvocation, container: ObservedContainer): Promise<readonly StampedLine[]> {
  const { containers } = await invocation.client();
  // It is one stream then.
  const terminal = (await containers.inspect(container.id)).Config.Tty ?? false;
  const lines: StampedLine[] = [];
  const collect = (line: string): void => {
    const space = line.indexOf(" ");
    lines.push({ container: container.id, time: line.slice(0, space), text: line.slice(space + 1) });
  };
  const io = { ...invocation.io, stdout: collector(collect), stderr: collector(collect) };
  const sink = new LogPrinter(io, { prefix: false, colour: false }).sink("", terminal);
  const chunks = await containers.logs(container.id, {
    ...logFlags(invocation),
    stdout: true,
    stderr: true,
    timestamps: true,
  });
  for await (const chunk of chunks) sink.push(chunk);
  sink.end();
  return lines;
}

const collector = (line: (text: string) => void) => ({
  write: (text: string | Uint8Array): void => line(String(text).replace(/\n$/u, "")),
  isTerminal: () => false,
  windowSize: () => undefined,
});
