import { wrong } from "../dockerfile-error.ts";
import { readJsonForm } from "../lines/json-form.ts";
import { splitBlanks } from "../lines/split-line.ts";
import type {
  CmdInstruction,
  EntrypointInstruction,
  ExposeInstruction,
  MaintainerInstruction,
  ShellInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "../types.ts";
import { atLeastOne, commandOf, flagsOf, oneArgument, type InstructionRequest } from "./request.ts";

export function parseCmd(request: InstructionRequest): CmdInstruction {
  flagsOf(request);
  return { kind: "cmd", ...request.base, command: commandOf(request.rest, []) };
}

export function parseEntrypoint(request: InstructionRequest): EntrypointInstruction {
  flagsOf(request);
  return { kind: "entrypoint", ...request.base, command: commandOf(request.rest, []) };
}

export function parseExpose(request: InstructionRequest): ExposeInstruction {
  const ports = atLeastOne(splitBlanks(request.rest), "EXPOSE");
  flagsOf(request);
  return { kind: "expose", ...request.base, ports: [...ports].sort() };
}

export function parseVolume(request: InstructionRequest): VolumeInstruction {
  const json = readJsonForm(request.rest);
  const words = atLeastOne(json.form === "json" ? json.words : splitBlanks(request.rest), "VOLUME");
  flagsOf(request);
  const paths = words.map((word) => word.trim());
  if (paths.includes("")) throw wrong("VOLUME specified can not be an empty string");
  return { kind: "volume", ...request.base, paths };
}

export function parseUser(request: InstructionRequest): UserInstruction {
  const user = oneArgument(request, "USER");
  flagsOf(request);
  return { kind: "user", ...request.base, user };
}

export function parseWorkdir(request: InstructionRequest): WorkdirInstruction {
  const path = oneArgument(request, "WORKDIR");
  flagsOf(request);
  return { kind: "workdir", ...request.base, path };
}

export function parseStopsignal(request: InstructionRequest): StopsignalInstruction {
  const signal = oneArgument(request, "STOPSIGNAL");
  flagsOf(request);
  return { kind: "stopsignal", ...request.base, signal };
}

export function parseMaintainer(request: InstructionRequest): MaintainerInstruction {
  const maintainer = oneArgument(request, "MAINTAINER");
  flagsOf(request);
  return { kind: "maintainer", ...request.base, maintainer };
}

export function parseShell(request: InstructionRequest): ShellInstruction {
  flagsOf(request);
  const json = readJsonForm(request.rest);
  const shell = atLeastOne(json.form === "json" ? json.words : request.rest === "" ? [] : [request.rest], "SHELL");
  if (json.form !== "json") throw wrong("SHELL requires the arguments to be in JSON form", 'SHELL ["/bin/bash", "-c"]');
  return { kind: "shell", ...request.base, shell };
}
