import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../dockerfile-error.ts";
import type { RunInstruction } from "../types.ts";
import { checkMount } from "./parse-mount.ts";
import { parseDevice } from "./parse-device.ts";
import { commandOf, flagsOf, type InstructionRequest } from "./request.ts";

export function parseRun(request: InstructionRequest): RunInstruction {
  const flags = flagsOf(request, {
    mount: "list",
    network: "text",
    security: "text",
    device: "list",
  });
  const mounts = flags.list("mount");
  for (const mount of mounts) checkMount(mount);
  const network = flags.given.includes("network") ? flags.text("network") : "default";
  if (network !== "default" && network !== "none" && network !== "host")
    throw wrong(`invalid network mode ${quoteGo(network)}`, "default, none or host");
  const security = flags.given.includes("security") ? flags.text("security") : "sandbox";
  if (security !== "sandbox" && security !== "insecure")
    throw wrong(`security ${quoteGo(security)} is not valid`, "sandbox or insecure");
  return {
    kind: "run",
    ...request.base,
    command: commandOf(request.rest, request.line.heredocs),
    mounts,
    network,
    security,
    devices: flags.list("device").map(parseDevice),
  };
}
