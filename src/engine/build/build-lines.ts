import { isBerthError, messageOf, type BerthError } from "#base/errors.ts";
import { errorLocation, excerpt } from "#build/dockerfile/dockerfile-error.ts";
import type { BuildFailure, BuildLine } from "#spec/berth/build.ts";
import type { EngineBuildEvent } from "./build-event.ts";

/** Why a build failed, with the lines of its Dockerfile, where that is known. */
export function buildFailure(
  error: unknown,
  source: { readonly name: string; readonly text: string } | undefined,
): BuildFailure {
  if (!isBerthError(error)) return { type: "error", message: messageOf(error) };
  const place = errorLocation(error);
  const exitCode = error.details["exitCode"];
  return {
    type: "error",
    message: messageFor(error),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(typeof exitCode === "number" ? { exitCode } : {}),
    ...(place === undefined || source === undefined ? {} : { excerpt: excerpt(source, place) }),
  };
}

/** As BuildKit says it. */
function messageFor(error: BerthError): string {
  const { exitCode, command } = error.details;
  if (typeof exitCode !== "number" || typeof command !== "string") return error.message;
  return `process ${JSON.stringify(command)} did not complete successfully: exit code: ${exitCode}`;
}

/** What an event is told as. */
export function buildLines(
  event: Exclude<EngineBuildEvent, { type: "dockerfile" | "answer" | "kept" }>,
): readonly BuildLine[] {
  const at = Date.now();
  switch (event.type) {
    case "graph":
      return [
        {
          type: "graph",
          vertices: event.graph.vertices.map(({ name }) => ({ name })),
          warnings: event.warnings.map(({ range, ...warning }) => ({ ...warning, line: range?.startLine ?? 0 })),
        },
      ];
    case "pulling": {
      const { id = "", status, progressDetail } = event.line;
      return [{ type: "pulling", id, status, ...progressDetail }];
    }
    case "parsed":
    case "running":
      return [];
    case "output": {
      const { vertex, bytes } = event;
      return [{ type: "output", vertex, stream: event.stream, text: new TextDecoder().decode(bytes), at }];
    }
    case "progress": {
      const { vertex, status, current, total } = event;
      return [{ type: "progress", vertex, status, current, total }];
    }
    case "started":
      return [{ type: "started", vertex: event.vertex, at }];
    case "done": {
      const { vertex, cached, why } = event;
      return [{ type: "done", vertex, cached, at, ...(why === undefined ? {} : { why }) }];
    }
    case "failed":
      return [{ type: "failed", vertex: event.vertex, message: event.message, at }];
    case "exporting":
    case "exported":
    case "image":
    case "tagged":
      return [event];
  }
}
