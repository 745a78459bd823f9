import { converge } from "../apply/converge.ts";
import { LogPrinter } from "../apply/log-printer.ts";
import { startServices } from "../apply/start-services.ts";
import type { Service } from "../load/project.ts";
import type { ComposeHandler } from "./subcommand.ts";
import { complete } from "./complete.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import { interrupted } from "./unless-interrupted.ts";
import { chosen } from "./up.ts";
import { reconvergence, watchFiles, watchRules } from "./watch-files.ts";

/** `watch`: bring the project up unless `--no-up`, then act on changed files as `develop` says, until interrupted. */
export const watch: ComposeHandler = async (invocation) => {
  const { flags, args, io } = invocation;
  const project = await openProject(invocation, { services: args });
  const rules = watchRules(invocation, chosen(project, args, false));
  const progress = progressOf(invocation);
  const { context, services } = await complete(
    invocation,
    await applyContext(invocation, project, progress),
    chosen(project, args, false),
  );
  const cancelled = new AbortController();
  const stopListening = ["SIGINT", "SIGTERM"].map((signal) => io.onSignal(signal as "SIGINT", () => cancelled.abort()));
  try {
    if (!flags.on("no-up")) {
      const built = services.map((service): Service =>
        service.build !== undefined && service.develop !== undefined ? { ...service, pull_policy: "build" } : service,
      );
      await converge(context, { ...reconvergence(invocation, built), named: new Set(project.services.keys()) });
      await startServices(context, services, { signal: cancelled.signal });
      progress.close();
    }
    if (context.dryRun) return 0;
    const printer = new LogPrinter(io, { prefix: true, colour: false });
    await watchFiles(invocation, context, rules, {
      say: (sentence) => printer.tell(sentence),
      replacing: (work) => work(),
      started: () => Promise.resolve(),
      signal: cancelled.signal,
    });
    return interrupted;
  } finally {
    for (const stop of stopListening) stop();
    progress.close();
  }
};
