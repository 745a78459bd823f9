import type { RunningEngine } from "../../../tools/lab/engines.ts";

/** A request to an engine's API that the test itself makes: any answer below 500 will do. */
async function ask(engine: RunningEngine, method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(`http://engine/v1.41${path}`, {
    unix: engine.socket,
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (response.status >= 500) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** Remove every container and make those that requests.ts names. The id of an exec in the running one. */
export async function makeFixtures(engine: RunningEngine): Promise<string> {
  const listed = (await (await ask(engine, "GET", "/containers/json?all=1")).json()) as readonly {
    readonly Id: string;
  }[];
  await Promise.all(listed.map(({ Id }) => ask(engine, "DELETE", `/containers/${Id}?force=1&v=1`)));
  await ask(engine, "POST", "/containers/create?name=runs", {
    Image: "busybox",
    Cmd: ["sleep", "3600"],
    OpenStdin: true,
  });
  await ask(engine, "POST", "/containers/create?name=made", { Image: "busybox", Cmd: ["true"] });
  await ask(engine, "POST", "/containers/create?name=ended", { Image: "busybox", Cmd: ["true"] });
  await ask(engine, "POST", "/containers/runs/start");
  await ask(engine, "POST", "/containers/ended/start");
  await (await ask(engine, "POST", "/containers/ended/wait")).text();
  const exec = await ask(engine, "POST", "/containers/runs/exec", { Cmd: ["true"] });
  return ((await exec.json()) as { readonly Id: string }).Id;
}

/** Give an engine the image that the requests name. `reference` is where it can be pulled from. */
export async function pullBusybox(engine: RunningEngine, reference: string): Promise<void> {
  await (await ask(engine, "POST", `/images/create?fromImage=${encodeURIComponent(reference)}&tag=latest`)).text();
  const tagged = await ask(engine, "POST", `/images/${reference}:latest/tag?repo=busybox&tag=latest`);
  if (tagged.status !== 201) throw new Error(`no busybox: ${await tagged.text()}`);
}
