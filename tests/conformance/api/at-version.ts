import { randomHex } from "#base/ids.ts";

/** What a request gave; `body` is its JSON, undefined when it has none. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
  readonly text: string;
}

/** An engine's API as clients of one version use it. */
export class ApiAtVersion {
  readonly #socket: string;
  readonly minor: number;
  /** An existing folder of the host. */
  readonly scratch: string;

  constructor(socket: string, minor: number, scratch: string) {
    this.#socket = socket;
    this.minor = minor;
    this.scratch = scratch;
  }

  /** `headOnly`: the body is not waited for. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    options: { readonly headOnly?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const leave = new AbortController();
    const response = await fetch(`http://engine/v1.${this.minor}${path}`, {
      unix: this.#socket,
      method,
      signal: leave.signal,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...options.headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status } = response;
    const contentType = response.headers.get("content-type") ?? "";
    if (options.headOnly === true) {
      leave.abort();
      return { status, contentType, body: undefined, text: "" };
    }
    const text = await response.text();
    return { status, contentType, text, body: text.startsWith("{") || text.startsWith("[") ? parsed(text) : undefined };
  }

  /** The property of a JSON answer at a path such as "0.HostConfig.Annotations"; "absent" when there is none. */
  async see(url: string, property: string): Promise<unknown> {
    return at((await this.ask("GET", url)).body, property);
  }

  async status(method: string, path: string, body?: unknown): Promise<number> {
    return (await this.ask(method, path, body, { headOnly: true })).status;
  }

  /** Runs `use` with a container of busybox that is made by this version, and removes it. */
  async container<T>(body: object, use: (id: string, answer: Answer) => Promise<T>, query = ""): Promise<T> {
    const name = `at-version-${randomHex(6)}`;
    const made = await this.ask("POST", `/containers/create?name=${name}${query}`, {
      Image: "busybox",
      Cmd: ["sleep", "1000"],
      ...body,
    });
    try {
      return await use(name, made);
    } finally {
      await this.ask("DELETE", `/containers/${name}?force=1&v=1`);
    }
  }

  /** {@link container}, running. */
  running<T>(body: object, use: (id: string) => Promise<T>): Promise<T> {
    return this.container(body, async (id) => {
      const { status, text } = await this.ask("POST", `/containers/${id}/start`);
      if (status !== 204) throw new Error(`start: ${status} ${text}`);
      return use(id);
    });
  }

  /** {@link container}, run to its end: its exit code and what it printed on a terminal. */
  ran(body: object): Promise<{ readonly code: number; readonly output: string }> {
    return this.running({ Tty: true, ...body }, async (id) => {
      const waited = (await this.ask("POST", `/containers/${id}/wait`)).body as { readonly StatusCode: number };
      const { text } = await this.ask("GET", `/containers/${id}/logs?stdout=1`);
      return { code: waited.StatusCode, output: text };
    });
  }
}

export function at(value: unknown, property: string): unknown {
  let found = value;
  for (const part of property.split(".")) {
    if (typeof found !== "object" || found === null || !(part in found)) return "absent";
    found = (found as Readonly<Record<string, unknown>>)[part];
  }
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
