import { parseTime } from "#base/time.ts";
import { humanDuration } from "#base/units.ts";
import type { PortHolder, PortReport } from "#spec/berth/why-port.ts";
import type { PullReport } from "#spec/berth/why-pull.ts";
import { printable, shortTime } from "./why-text.ts";

/** Who has a port, for people: a line for each holder, its addresses together. */
export function portText({ Port, Holders }: PortReport): string {
  if (Holders.length === 0) return `Nobody listens at port ${Port} of the engine's machine.\n`;
  const byHolder = Map.groupBy(Holders, holderText);
  return [...byHolder]
    .map(
      ([who, places]) => `Port ${Port} is taken by ${who}, at ${[...new Set(places.map(placeText))].join(" and ")}\n`,
    )
    .join("");
}

const placeText = ({ Protocol, Address }: PortHolder): string =>
  `${Address === "0.0.0.0" || Address === "::" ? `all ${Address === "::" ? "IPv6" : "IPv4"} addresses` : Address} (${Protocol})`;

function holderText({ Container, Process }: PortHolder): string {
  const process =
    Process === undefined ? "" : `${printable(Process.Name)} (pid ${Process.Pid}: ${shortCommand(Process.Command)})`;
  if (Container !== undefined) {
    const who = `the container ${Container.Name} (${Container.Id.slice(0, 12)})`;
    return Container.Port === undefined
      ? `${who} in the host's network, by ${process}`
      : `${who} for its port ${Container.Port}`;
  }
  return process === "" ? "something that cannot be seen from the engine" : `the process ${process}`;
}

const COMMAND_LETTERS = 60;

function shortCommand(command: string): string {
  const text = printable(command);
  return text.length <= COMMAND_LETTERS ? text : `${text.slice(0, COMMAND_LETTERS - 1)}…`;
}

/** Why pulls of an image failed, for people: the newest in full, the earlier ones in a line each. */
export function pullText({ Reference, Failures }: PullReport, nowNs: bigint): string {
  const [newest, ...earlier] = Failures;
  if (newest === undefined) return `No pull of ${Reference} has failed since the last that succeeded.\n`;
  const field = (name: string, value: string): string => `  ${name.padEnd(10)} ${printable(value)}`;
  const ago = humanDuration(Number((nowNs - parseTime(newest.At)) / 1_000_000n));
  return [
    `The pull of ${Reference} failed, ${ago} ago:`,
    field("Why", newest.Reason),
    field("What to do", newest.Advice),
    field("It said", newest.Message),
    ...(earlier.length === 0 ? [] : ["", "Before that:"]),
    ...earlier.map(({ At, Reason }) => `  ${shortTime(At)}  ${printable(Reason)}`),
    "",
  ].join("\n");
}
