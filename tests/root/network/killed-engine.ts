import { containerId, makeEngine } from "./scratch.ts";

/** `killed-engine.ts DATABASE [[name, namespace path, container port, host port], …]`: says "ready" and waits for its end. */
const [database = "", plan = "[]"] = process.argv.slice(2);
const { networks } = makeEngine({}, database);
await networks.reconcile([]);
const { id: networkId } = await networks.find("bridge");
for (const [containerName, path, containerPort, hostPort] of JSON.parse(plan) as [string, string, number, number][]) {
  const ports = [{ protocol: "tcp", hostIp: "", containerPort, hostPort } as const];
  const endpoint = await networks.reserve({ containerId: containerId(containerName), containerName, networkId, ports });
  await networks.connect([endpoint], path);
}
console.log("ready");
await new Promise(() => setInterval(() => undefined, 1000));
