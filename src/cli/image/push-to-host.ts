import { BerthError } from "#base/errors.ts";
import { decimalSize } from "#base/units.ts";
import { EngineClient } from "#client/engine-client.ts";
import { familiarString, parseAnyReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Invocation } from "../command.ts";
import { engineAddress } from "../config/engine-address.ts";
import { CopyProgress } from "../copy/copy-progress.ts";
import { platformJson } from "./platform-json.ts";
import { showProgress } from "./progress.ts";

const HOST_SCHEME = "ssh://";

/**
 * `push ssh://[USER@]HOST[:PORT][/SOCKET] IMAGE…`: images from this engine to the one on another machine, without the
 * layers that it has. An engine that cannot tell which it has, as docker's, gets everything.
 */
export async function pushToHost(invocation: Invocation): Promise<number> {
  const { args, flags, io } = invocation;
  const [host = "", ...names] = args;
  if (names.length === 0) {
    throw new BerthError("invalid-parameter", `which image is to go to ${host}?`, {
      hint: `As in: ${invocation.commandPath} ${host} IMAGE`,
    });
  }
  if (flags.on("all-tags") || flags.text("compression") !== "")
    throw new BerthError(
      "invalid-parameter",
      `--all-tags and --compression are for registries, not for ${HOST_SCHEME}`,
    );
  const here = await invocation.client();
  const address = engineAddress({ host, tls: undefined }, io);
  const there = new EngineClient({
    dial: address.dial,
    hostName: address.name,
    httpHost: address.httpHost,
    userAgent: `Berth-Client/${invocation.clientVersion} (linux)`,
  });
  try {
    await transfer(invocation, { here, there, host, names });
  } finally {
    there.close();
  }
  return 0;
}

interface Ends {
  readonly here: EngineClient;
  readonly there: EngineClient;
  readonly host: string;
  readonly names: readonly string[];
}

async function transfer({ flags, io }: Invocation, { here, there, host, names }: Ends): Promise<void> {
  const quiet = flags.on("quiet");
  const tell = (text: string): void => {
    if (!quiet) io.stdout.write(`${text}\n`);
  };
  const platform = platformJson(flags.text("platform"));
  const options = platform === "" ? {} : { platforms: [platform] };
  const [mine, theirs] = await Promise.all([here.transport.ping(), there.transport.ping()]);
  const progress = new CopyProgress(quiet ? silent : io.stdout, `Sending to ${host} - `, io.now());
  try {
    if (mine.isBerth && theirs.isBerth) {
      const layers = await here.images.layers(names, options);
      const missing = new Set(await there.images.missingLayers(layers));
      const size = layers.reduce((sum, { Digest, Size }) => sum + (missing.has(Digest) ? Size : 0), 0);
      tell(`${layers.length - missing.size} of ${layers.length} layers are there; sending ${decimalSize(size, 3)}`);
      const known = layers.map(({ Digest }) => Digest).filter((digest) => !missing.has(digest));
      const archive = await here.images.saveWithout(names, known, options);
      await showProgress(await there.images.loadMissing(progress.counted(archive, io)), undefined);
    } else {
      const which = theirs.isBerth ? "this engine" : `the engine at ${host}`;
      tell(`Sending all layers: ${which} is not Berth, and cannot tell which are there`);
      const archive = await here.images.save(names, options);
      await showProgress(await there.images.load(progress.counted(archive, io), { quiet: true }), undefined);
    }
  } finally {
    progress.end();
  }
  tell(`Sent ${progress.size} to ${host}`);
  for (const name of names) io.stdout.write(`${shownName(name)}\n`);
}

const silent = { write: () => undefined, isTerminal: () => false, windowSize: () => undefined };

function shownName(text: string): string {
  const named = parseAnyReference(text);
  return named.kind === "id" ? text : familiarString(withDefaultTag(named.reference));
}
