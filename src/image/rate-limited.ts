import type { Progress } from "./types.ts";

/** What a person is told while a registry makes us wait. */
export function rateLimited(seconds: number): Progress {
  return {
    status: `The registry limits the rate of requests: going on in ${seconds} second${seconds === 1 ? "" : "s"}`,
  };
}
