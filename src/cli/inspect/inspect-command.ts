import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { isDaemonAnswer } from "#client/api-error.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { CliIo } from "../cli-io.ts";
import { platformJson } from "../image/platform-json.ts";
import type { Handler, Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { escapedHtml, json } from "#base/template/functions.ts";
import type { Value } from "#base/template/value.ts";
import type { GoShape } from "./go-shape.ts";
import { networkShape } from "./network-shape.ts";
import { containerShape, imageShape } from "./shapes.ts";
import { volumeShape } from "./volume-shape.ts";

/** docker-compat: a template with a mistake in it has an exit code of its own. */
const BAD_TEMPLATE = 64;

export interface Found {
  readonly object: unknown;
  readonly shape: GoShape;
  /** docker-compat: only the typed object was asked for: a template is not tried on the answer itself. */
  readonly typedOnly?: true;
  /** docker-compat: Go's encoder wrote it, with `<`, `>` and `&` as escapes. */
  readonly escapeHtml?: true;
}

const TYPES = ["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

export type Get = (name: string) => Promise<Found>;

export const inspectContainers: Handler = async (invocation) => {
  const api = await invocation.client();
  return inspectEach(invocation, containerGetter(api, invocation.flags.on("size")));
};

export const inspectImages: Handler = async (invocation) => {
  const api = await invocation.client();
  const platform = platformJson(invocation.flags.text("platform"));
  return inspectEach(invocation, imageGetter(api, platform));
};

export const inspectNetworks: Handler = async (invocation) => {
  const api = await invocation.client();
  const verbose = invocation.flags.on("verbose");
  return inspectEach(invocation, networkGetter(api, verbose));
};

export const inspectVolumes: Handler = async (invocation) => {
  const get = volumeGetter(await invocation.client());
  return inspectEach(invocation, async (name) => {
    const { object, shape } = await get(name);
    return { object: JSON.parse(json(shape.of(object))) as unknown, shape, typedOnly: true };
  });
};

/** `inspect`: the first container, image, network or volume of that name, unless `--type` says which. */
export const inspectAny: Handler = async (invocation) => {
  const { flags } = invocation;
  const type = flags.text("type");
  if (flags.given("type") && type === "")
    throw new BerthError(
      "invalid-parameter",
      `type is empty: must be one of ${TYPES.map((each) => `"${each}"`).join(", ")}`,
    );
  const unsized = (get: Get, kind: string): Get => (flags.on("size") ? warnOfSize(get, kind, invocation.io) : get);
  const getters: Readonly<Record<string, (api: EngineClient) => Get>> = {
    container: (api) => containerGetter(api, flags.on("size")),
    image: (api) => unsized(imageGetter(api, ""), "image"),
    network: (api) => unsized(networkGetter(api, false), "network"),
    volume: (api) => unsized(volumeGetter(api), "volume"),
  };
  if (type !== "" && getters[type] === undefined) {
    throw TYPES.includes(type)
      ? new BerthError("not-implemented", `inspecting objects of type "${type}" is not supported yet`)
      : new BerthError(
          "invalid-parameter",
          `unknown type: "${type}": must be one of ${TYPES.map((each) => `"${each}"`).join(", ")}`,
        );
  }
  const api = await invocation.client();
  const chosen = Object.entries(getters).filter(([name]) => type === "" || name === type);
  return inspectEach(invocation, async (name) => {
    for (const [, getter] of chosen) {
      try {
        return await getter(api)(name);
      } catch (error) {
        if (type !== "" || !isDaemonAnswer(error) || !isBerthError(error, "not-found")) throw error;
      }
    }
    throw new BerthError("not-found", `Error: No such object: ${name}`);
  });
};

function containerGetter(api: EngineClient, size: boolean): Get {
  return async (name) => ({ object: await api.containers.inspect(name, { size }), shape: containerShape });
}

function imageGetter(api: EngineClient, platform: string): Get {
  return async (name) => ({
    object: await api.images.inspect(name, platform === "" ? {} : { platform }),
    shape: imageShape,
  });
}

function networkGetter(api: EngineClient, verbose: boolean): Get {
  return async (name) => ({ object: await api.networks.inspect(name, { verbose }), shape: networkShape });
}

function volumeGetter(api: EngineClient): Get {
  return async (name) => ({ object: await api.volumes.inspect(name), shape: volumeShape });
}

function warnOfSize(get: Get, kind: string, io: Pick<CliIo, "stderr">): Get {
  return async (name) => {
    const found = await get(name);
    io.stderr.write(`WARNING: --size ignored for ${kind}\n`);
    return found;
  };
}

/** Prints all that were found, then fails with what was not. */
export async function inspectEach({ flags, args, io }: Invocation, get: Get): Promise<number> {
  const format = flags.text("format");
  const render = format === "" || format === "json" ? undefined : templateOf(format);
  const failures: string[] = [];
  const objects: unknown[] = [];
  let text = "";
  let escapes = false;
  for (const name of args) {
    try {
      const { object, shape, typedOnly, escapeHtml } = await get(name);
      escapes ||= escapeHtml === true;
      if (render !== undefined) text += `${render(shape.of(object), typedOnly === true ? undefined : object)}\n`;
      else objects.push(object);
    } catch (error) {
      failures.push(shownMessage(error));
    }
  }
  if (render !== undefined) io.stdout.write(text === "" ? "\n" : text);
  else {
    const encoded = JSON.stringify(objects, undefined, format === "json" ? undefined : 4);
    io.stdout.write(`${escapes ? escapedHtml(encoded) : encoded}\n`);
  }
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
}

/** The template over the typed object; where that fails, over the answer as it came. The second failure is told. */
function templateOf(format: string): (typed: Value, raw: unknown) => string {
  const compile = (missingKey: "default" | "error"): ((data: Value) => string) => {
    try {
      return compileTemplate(format, { missingKey });
    } catch (error) {
      throw new BerthError("invalid-parameter", `template parsing error: ${messageOf(error)}`, { cause: error });
    }
  };
  let typedRender: (data: Value) => string;
  try {
    typedRender = compile("default");
  } catch (error) {
    throw new ExitError(BAD_TEMPLATE, messageOf(error));
  }
  return (typed, raw) => {
    try {
      return typedRender(typed);
    } catch (failure) {
      try {
        if (raw === undefined) throw failure;
        return compile("error")(raw);
      } catch (error) {
        if (isBerthError(error)) throw error;
        throw new BerthError("invalid-parameter", `template parsing error: ${messageOf(error)}`, { cause: error });
      }
    }
  };
}
