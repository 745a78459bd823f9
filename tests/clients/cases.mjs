import assert from "node:assert/strict";

/** The image every case uses, as the engine has it. */
export const image = process.env.CLIENT_IMAGE ?? "busybox";

/**
 * Run named cases one after the other, each with an end to its time, and print one JSON line for each:
 * `{"case": NAME, "ok": BOOLEAN, "error": TEXT}`.
 */
export async function runCases(cases) {
  const only = process.env.CLIENT_CASE;
  // A stream that a failed case left behind may fail later.
  process.on("uncaughtException", (error) => console.error(error));
  for (const [name, act] of Object.entries(cases)) {
    if (only !== undefined && !name.includes(only)) continue;
    const line = { case: name, ok: true, error: "" };
    const start = performance.now();
    try {
      await within(150_000, act());
    } catch (error) {
      line.ok = false;
      line.error = error instanceof Error ? error.message : String(error);
      if (process.env.CLIENT_TRACE !== undefined) console.error(error);
    }
    console.log(JSON.stringify({ ...line, ms: Math.round(performance.now() - start) }));
  }
  // A case that failed may have left a connection open.
  process.exit(0);
}

export async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The client's package, out of the folder that the tests installed it in. */
export async function load(name) {
  const { createRequire } = await import("node:module");
  return createRequire(`${process.env.CLIENT_MODULES}/`)(name);
}

/** Everything a stream gives until it ends. */
export async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Ask until `probe` gives something that is not undefined. */
export async function until(what, probe) {
  for (const start = performance.now(); performance.now() - start < 100_000;) {
    const value = await probe();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: never`);
}
