/**
 * Ask Berth and Debian's dockerd the same fuzzed requests and print where the answers differ, for a person to judge:
 *
 *   bun tests/fuzz/api/compare.ts [COUNT] [SEED] [PATTERN]     PATTERN chooses endpoints, e.g. "POST /containers/create"
 *
 * Not compared: what the engines' age explains (500 of the old one where ours refuses), what is not built yet, builds,
 * plugins, swarm and registries.
 */
import { openLab, type Target } from "../../conformance/target.ts";
import { endpoints } from "./endpoints.ts";
import { makeFixtures } from "./fixtures.ts";
import { Random } from "./random.ts";
import { sendRaw, type RawAnswer } from "./raw-http.ts";
import { makeRequest, printRequest, type FuzzRequest } from "./requests.ts";

const [countText = "300", seedText = "1", pattern = ""] = process.argv.slice(2);
const outside = /^\/(build|plugins|distribution|session|grpc|auth)/;
const chosen = endpoints.filter(
  (endpoint) =>
    !endpoint.swarm && !outside.test(endpoint.path) && `${endpoint.method} ${endpoint.path}`.includes(pattern),
);

process.env["BERTH_TARGETS"] ??= "dockerd:docker,berth:docker";
const lab = await openLab();
try {
  const [reference, ours] = lab.targets;
  if (reference === undefined || ours === undefined) throw new Error("two engines are needed");
  const execIds = new Map<Target, string>();
  const reset = async (): Promise<void> => {
    for (const target of lab.targets) execIds.set(target, await makeFixtures(target.engine));
  };
  await reset();
  const random = new Random(Number(seedText));
  let same = 0;
  for (let number = 0; number < Number(countText); number++) {
    const request = makeRequest(random, random.pick(chosen));
    const timeoutMs = request.endpoint.lasting ? 1500 : 10_000;
    const ask = (target: Target): Promise<RawAnswer> =>
      sendRaw(target.engine.socket, printRequest(request, execIds.get(target) ?? ""), { timeoutMs });
    const [there, here] = await Promise.all([ask(reference), ask(ours)]);
    const difference = differenceOf(there, here);
    if (difference === undefined) same++;
    else console.log(`${difference}: ${describe(request)}\n  dockerd ${text(there)}\n  berth   ${text(here)}`);
    if (request.method !== "GET" && request.method !== "HEAD" && (there.status < 400 || here.status < 400)) {
      await reset();
    }
  }
  console.log(`${same} of ${countText} the same`);
} finally {
  await lab.close();
}

function differenceOf(there: RawAnswer, here: RawAnswer): string | undefined {
  if (here.status === 501) return undefined;
  if (here.status >= 500 || (here.status === 0 && !here.open)) return "a fault of ours";
  if (there.status >= 500 && here.status >= 400) return undefined;
  if (there.status !== here.status) return "status";
  return there.status >= 400 && messageOf(there) !== messageOf(here) ? "message" : undefined;
}

function messageOf({ body }: RawAnswer): string {
  const message = body.startsWith("{") ? (JSON.parse(body) as { readonly message: string }).message : body.trim();
  return message.replaceAll(/[0-9a-f]{64}/g, "ID").toLowerCase();
}

function text(answer: RawAnswer): string {
  return `${answer.status} ${answer.status >= 400 ? messageOf(answer).slice(0, 250) : ""}`;
}

function describe(request: FuzzRequest): string {
  const body = Buffer.from(request.body).toString("latin1");
  return `${request.method} ${request.target.slice(0, 160)} ${body.slice(0, 200)}`;
}
