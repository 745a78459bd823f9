import { expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import type { RegistryEvent } from "./event.ts";
import { WebhookSender } from "./webhooks.ts";

const event = (digest: string, more: Partial<RegistryEvent> = {}): RegistryEvent => ({
  action: "push",
  repository: "team/app",
  digest,
  mediaType: "application/x",
  sizeBytes: 5,
  isManifest: true,
  actor: { name: "ann", request: { id: "r1", address: "10.0.0.9", host: "reg", method: "PUT", userAgent: "docker" } },
  atMs: 0,
  ...more,
});

test("events go out in order, in distribution's envelope, until they are taken", async () => {
  const bodies: { events: any[] }[] = [];
  const statuses = [500, 200];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const sender = new WebhookSender({
    webhook: { url: "http://hook.example", headers: {} },
    host: "https://reg.example",
    log: silentLog,
    firstPauseMs: 1,
    post: (_webhook, body) => {
      bodies.push(JSON.parse(body) as { events: any[] });
      if (bodies.length === 2) resolve();
      return Promise.resolve(statuses[bodies.length - 1] ?? 200);
    },
  });
  sender.tell(event("sha256:a", { tag: "v1" }));
  sender.tell(event("sha256:b", { action: "mount", isManifest: false, fromRepository: "other", actor: { name: "" } }));
  await done;
  sender.close();
  // The first try was alone and failed; it is told again before what came meanwhile.
  expect(bodies.map(({ events }) => events.map((each) => each.target.digest))[0]).toEqual(["sha256:a"]);
  expect(bodies.slice(1).flatMap(({ events }) => events.map((each) => each.target.digest))).toEqual([
    "sha256:a",
    "sha256:b",
  ]);
  expect(bodies[0]?.events[0]).toMatchObject({
    action: "push",
    timestamp: "1970-01-01T00:00:00.000Z",
    target: {
      repository: "team/app",
      size: 5,
      length: 5,
      tag: "v1",
      url: "https://reg.example/v2/team/app/manifests/sha256:a",
    },
    request: { addr: "10.0.0.9", host: "reg", method: "PUT", useragent: "docker" },
    actor: { name: "ann" },
  });
  const mounted = bodies.flatMap(({ events }) => events).find((each) => each.action === "mount");
  expect([mounted.target.fromRepository, mounted.actor, mounted.request]).toEqual(["other", {}, {}]);
});
