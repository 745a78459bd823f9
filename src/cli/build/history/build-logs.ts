import type { Handler } from "../../command.ts";
import { openProgress } from "../open-progress.ts";
import { findBuild } from "./find-build.ts";

/** `builder history logs`: what the build said, shown as it was then. */
export const buildLogs: Handler = async ({ flags, args, io, client }) => {
  const progress = await openProgress(flags.text("progress"), io, { explain: false });
  const api = (await client()).build;
  const { id } = await findBuild(api, args[0] ?? "");
  try {
    for await (const message of await api.historyLog(id)) {
      if (message.type === "data" || message.type === "agent") continue;
      progress.show(message);
      if (message.type === "error")
        io.stderr.write(`${message.excerpt ?? ""}ERROR: failed to solve: ${message.message}\n`);
    }
  } finally {
    progress.close();
  }
  return 0;
};
