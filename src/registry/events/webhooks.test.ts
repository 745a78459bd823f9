import { afterEach, beforeEach, expect, test } from "bun:test";
import { operations } from "../administration/operations.ts";
import { openTestRegistry } from "../testing/open-test-registry.ts";
import type { RegistryEvent } from "./event.ts";
import { WebhookQueue } from "./webhook-queue.ts";
import { WebhookSender } from "./webhook-sender.ts";

const url = "http://hook.example";
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

interface Sent {
  readonly events: any[];
}

let registry: ReturnType<typeof openTestRegistry>;
let sent: Sent[];
/** Statuses to answer with, then 200. `undefined`: no answer. */
let answers: (number | undefined)[];
let senders: WebhookSender[];

beforeEach(() => {
  registry = openTestRegistry();
  [sent, answers, senders] = [[], [], []];
});
afterEach(async () => {
  await Promise.all(senders.map((sender) => sender.close()));
  await registry.close();
});

function open(giveUpMs = 3_600_000): { readonly queue: WebhookQueue; readonly sender: WebhookSender } {
  const { context } = registry;
  const sender = new WebhookSender({
    context,
    webhook: { url, headers: {} },
    giveUpMs,
    firstPauseMs: 1,
    post: (_webhook, body) => {
      sent.push(JSON.parse(body) as Sent);
      const answer = answers.length === 0 ? 200 : answers.shift();
      return answer === undefined ? Promise.reject(new Error("connection refused")) : Promise.resolve(answer);
    },
  });
  senders.push(sender);
  const source = { host: "https://reg.example", instance: "i1" };
  return { queue: new WebhookQueue({ context, urls: [url], source, onAdded: () => sender.wake() }), sender };
}

const digests = (): readonly string[][] => sent.map(({ events }) => events.map((each) => String(each.target.digest)));

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await Bun.sleep(1);
}
const nothingWaits = (): boolean => registry.context.deliveries.waiting(url, 1).length === 0;

test("events go out in order, in distribution's envelope, until they are taken", async () => {
  open();
  const { events } = registry.context;
  answers = [500, undefined, 200];
  events.emit(event("sha256:a", { tag: "v1" }));
  events.emit(event("sha256:b", { action: "mount", isManifest: false, fromRepository: "other", actor: { name: "" } }));
  await until(nothingWaits);
  // After a failure one by one.
  expect(digests()).toEqual([["sha256:a", "sha256:b"], ["sha256:a"], ["sha256:a"], ["sha256:b"]]);
  expect(sent[0]?.events[0]).toEqual(sent[1]?.events[0]);
  expect(sent[0]?.events[0]).toMatchObject({
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
  const mounted = sent[0]?.events[1];
  expect([mounted.target.fromRepository, mounted.actor, mounted.request]).toEqual(["other", {}, {}]);
});

test("what one run could not tell the next one does", async () => {
  const { sender } = open();
  answers = [undefined, undefined, undefined];
  registry.context.events.emit(event("sha256:a"));
  await until(() => sent.length > 0);
  await sender.close();
  const before = sent.length;
  answers = [];
  open().sender.wake();
  await until(nothingWaits);
  expect(digests().slice(before)).toEqual([["sha256:a"]]);
});

test("an event of a change that is taken back is none", () => {
  open();
  const { database, events, deliveries } = registry.context;
  const change = (): never =>
    database.transaction(() => {
      events.emit(event("sha256:a"));
      throw new Error("disk full");
    });
  expect(change).toThrow("disk full");
  expect(deliveries.list(10)).toEqual([]);
});

test("pulls are gathered, and keep their place before what changes something", async () => {
  const { queue } = open();
  const { events } = registry.context;
  events.emit(event("sha256:a", { action: "pull" }));
  expect(nothingWaits()).toBe(true);
  events.emit(event("sha256:b"));
  events.emit(event("sha256:c", { action: "pull" }));
  queue.flush();
  await until(nothingWaits);
  expect(digests().flat()).toEqual(["sha256:a", "sha256:b", "sha256:c"]);
});

test("one that is refused again and again stands aside, is listed, and can be sent again", async () => {
  open();
  const { context } = registry;
  answers = [400, 400, 400, 400, 400];
  for (const name of ["bad", "good"]) context.events.emit(event(`sha256:${name}`));
  await until(nothingWaits);
  expect(digests().at(-1)).toEqual(["sha256:good"]);
  const list = () => operations["webhook-ls"]?.(context, {});
  expect(await list()).toMatchObject({
    rows: [["1", expect.any(String), "dead", "5", url, "push team/app@sha256:bad", "the webhook answered with 400"]],
  });
  const again = async (id: string): Promise<unknown> => operations["webhook-retry"]?.(context, { id });
  await expect(again("7")).rejects.toThrow("there is no such dead event");
  await expect(again("x")).rejects.toThrow("neither the ID of an event nor all");
  expect(await again("all")).toMatchObject({ lines: ["1 to be sent again"] });
  senders[0]?.wake();
  await until(nothingWaits);
  expect(digests().at(-1)).toEqual(["sha256:bad"]);
  expect(await list()).toMatchObject({ rows: [] });
});

test("what cannot be told for too long is given up, and can be dropped", async () => {
  open(1000);
  const { context } = registry;
  answers = [undefined];
  context.events.emit(event("sha256:old"));
  registry.advance(2000);
  await until(nothingWaits);
  expect(context.deliveries.list(10)).toMatchObject([{ isDead: true, problem: "connection refused" }]);
  expect(await operations["webhook-rm"]?.(context, { id: "all" })).toMatchObject({ lines: ["1 dropped"] });
  expect(context.deliveries.list(10)).toEqual([]);
});
