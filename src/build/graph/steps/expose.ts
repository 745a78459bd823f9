import { isIp } from "#base/ip-address.ts";
import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../../dockerfile/dockerfile-error.ts";
import type { ExposeInstruction } from "../../dockerfile/types.ts";
import { expandWord } from "../../dockerfile/words/expand-word.ts";
import { plainList } from "../history.ts";
import type { StageContext } from "../stage-context.ts";
import type { StageState } from "../stage-state.ts";
import { withSetting } from "./settings.ts";

/** Ports and ranges of ports. One variable may hold several, with blanks between. */
export function stepExpose(state: StageState, instruction: ExposeInstruction, at: StageContext): StageState {
  const { escape } = at.dockerfile;
  const words = instruction.ports.flatMap((port) => expandWord(port, (name) => state.env.get(name), { escape }).words);
  const ports = words.flatMap((word) => portsOf(word, instruction, at));
  if (ports.length === 0) return withSetting(state, at, {}, "EXPOSE []");
  const ExposedPorts = { ...state.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  const shown = at.options.dialect === "classic" ? words.join(" ") : plainList(ports);
  return withSetting(state, at, { ExposedPorts }, `EXPOSE ${shown}`);
}

/** `[ip:][hostPort:]port[-port][/protocol]` as keys of ExposedPorts; what is about the host is checked and dropped. */
function portsOf(written: string, instruction: ExposeInstruction, at: StageContext): readonly string[] {
  const parts = written.split(":");
  const target = parts.at(-1) ?? "";
  const hostPort = parts.at(-2) ?? "";
  const address = parts.slice(0, -2).join(":");
  const [port = "", protocol = "tcp"] = target.split("/");
  const lower = (protocol === "" ? "tcp" : protocol).toLowerCase();
  if (port === "") throw wrong(`invalid port: ${quoteGo(written)}: no port specified`);
  if (lower !== "tcp" && lower !== "udp" && lower !== "sctp")
    throw wrong(`invalid port: ${quoteGo(written)}: invalid proto: ${protocol}`, "tcp, udp or sctp");
  if (protocol !== protocol.toLowerCase()) at.linter.report("exposeProtoCasing", instruction, [written]);
  if (address !== "" || hostPort !== "") at.linter.report("exposeInvalidFormat", instruction, [written]);
  if (address !== "" && !isIp(address.replace(/^\[(.*)\]$/, "$1"))) throw wrong(`invalid IP address: ${address}`);
  const range = rangeOf(port);
  if (range === undefined) throw wrong(`invalid containerPort: ${port}`, "a number up to 65535, or two with - between");
  if (hostPort !== "") checkHostPort(hostPort, port, range);
  return Array.from({ length: range.last - range.first + 1 }, (_, index) => `${range.first + index}/${lower}`);
}

interface Ports {
  readonly first: number;
  readonly last: number;
}

function rangeOf(text: string): Ports | undefined {
  const match = /^\+?(\d+)(?:-\+?(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  return match === null || first > 65535 || last > 65535 || last < first ? undefined : { first, last };
}

function checkHostPort(hostPort: string, port: string, { first, last }: Ports): void {
  const host = rangeOf(hostPort);
  if (host === undefined) throw wrong(`invalid hostPort: ${hostPort}`);
  if (last !== first && last - first !== host.last - host.first)
    throw wrong(`invalid ranges specified for container and host Ports: ${port} and ${hostPort}`);
}
