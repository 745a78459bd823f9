import type { Handler } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { eachOf } from "../each.ts";

export const stop: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    await api.containers.stop(name, stopOptions(flags));
    return name;
  });
};

export const restart: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    await api.containers.restart(name, stopOptions(flags));
    return name;
  });
};

export const kill: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    await api.containers.kill(name, flags.text("signal"));
    return name;
  });
};

export const pause: Handler = async ({ args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    await api.containers.pause(name);
    return name;
  });
};

export const unpause: Handler = async ({ args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    await api.containers.unpause(name);
    return name;
  });
};

/** `wait`: one exit code a line, as each ends, in the order they were named. */
export const waitForContainers: Handler = async ({ args, io, client }) => {
  const api = await client();
  return eachOf(args, io, async (name) => {
    const { StatusCode, Error: failure } = await (await api.containers.wait(name))();
    if (failure?.Message) throw new Error(failure.Message);
    return String(StatusCode);
  });
};

export const rename: Handler = async ({ args, client }) => {
  const [from = "", to = ""] = args.map((name) => name.trim());
  if (from === "" || to === "") throw new Error("Error: Neither old nor new names may be empty");
  const api = await client();
  try {
    await api.containers.rename(from, to);
    return 0;
  } catch (error) {
    throw new ExitError(1, `${shownMessage(error)}\nError: failed to rename container named ${from}`);
  }
};

function stopOptions(flags: FlagValues): { readonly signal?: string; readonly timeoutSeconds?: number } {
  return {
    signal: flags.text("signal"),
    ...(flags.given("timeout") ? { timeoutSeconds: flags.number("timeout") } : {}),
  };
}
