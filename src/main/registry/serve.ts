import type { Handler } from "#cli/command.ts";
import type { CliIo } from "#cli/cli-io.ts";
import { longLoops, setJitPolicy } from "#host/program/jit-policy.ts";
import { stderrLog } from "#host/program/stderr-log.ts";
import { umask } from "#host/kernel/syscalls.ts";
import { startWebServer, type WebServer } from "#host/web/web-server.ts";
import { PullThrough } from "#registry/cache/pull-through.ts";
import { RegistryMetrics } from "#registry/metrics.ts";
import { metricsHandler } from "#server/registry/metrics-handler.ts";
import { registryHandler } from "#server/registry/registry-handler.ts";
import { startControl } from "./control.ts";
import { maintain } from "./maintain.ts";
import { accessOf } from "./open-access.ts";
import { openUpstream } from "./open-upstream.ts";
import { openRoot } from "./open-root.ts";
import { openWebhooks } from "./open-webhooks.ts";
import { serveSettings } from "./serve-settings.ts";

/** How long requests under way may go on after a signal. */
const PATIENCE_MS = 10_000;

/**
 * The registry from start to end: settings ▶ lock and open the root ▶ listen ▶ serve … SIGTERM or SIGINT ▶ finish what
 * is under way ▶ close. A second signal ends it at once; nothing is lost by that, nor by kill -9.
 */
export const serve: Handler = async ({ flags, io }) => {
  const settings = serveSettings(flags, io);
  umask(0o077);
  setJitPolicy(longLoops);
  const log = stderrLog({ level: settings.logLevel, format: settings.logFormat });
  const opened = openRoot(settings.root, {
    settings: settings.registry,
    log,
    storage: settings.storage,
    env: io.env,
  });
  try {
    const { context } = opened;
    const { host, port, tls, publicUrl } = settings;
    const stopping = untilSignalled(io);
    const metrics = new RegistryMetrics(context);
    const closeWebhooks = openWebhooks(settings, context);
    const handler = registryHandler({
      context,
      access: accessOf(settings, context, io),
      isSecure: tls !== undefined,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      metrics,
      cache: new PullThrough(context, settings.upstreams.map(openUpstream)),
      ...(settings.mirrorOf === undefined ? {} : { mirrorOf: settings.mirrorOf }),
    });
    const control = startControl(settings.root, context);
    const server = startWebServer({ host, port, ...(tls === undefined ? {} : { tls }) }, handler);
    const watching =
      settings.metrics === undefined ? undefined : startWebServer(settings.metrics, metricsHandler(context, metrics));
    const rest = maintain(context, settings);
    const address = `${host.includes(":") ? `[${host}]` : host}:${server.port}`;
    log.info("registry ready", { address, tls: tls !== undefined, auth: settings.auth.kind, root: settings.root });
    const signal = await stopping;
    log.info("registry is stopping", { signal });
    rest();
    await Promise.all([stop(server), stop(control), watching?.stop(true)]);
    await closeWebhooks();
  } finally {
    opened.close();
  }
  return 0;
};

async function stop(server: WebServer): Promise<void> {
  const patience = setTimeout(() => void server.stop(true), PATIENCE_MS);
  await server.stop();
  clearTimeout(patience);
}

function untilSignalled(io: CliIo): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      io.onSignal(name, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        resolve(name);
      });
    }
  });
}
