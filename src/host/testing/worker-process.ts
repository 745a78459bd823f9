import { BerthError } from "#base/errors.ts";

import { serveTasks } from "../serve-tasks.ts";

/** The program that the worker pool's tests start. */
serveTasks({
  add: async (input) => {
    const [left, right] = input as [number, number];
    return left + right;
  },
  echo: (_input, context) =>
    new Promise((resolve) => {
      let count = 0;
      context.onMessage((message) => {
        if (message === null) return resolve(count);
        count++;
        context.send(message);
      });
    }),
  refuse: async () => {
    throw new BerthError("conflict", "x is taken", { hint: "try y", details: { name: "x" } });
  },
  forever: (_input, context) =>
    new Promise((_resolve, reject) => {
      context.signal.addEventListener("abort", () => reject(new Error("stopped")));
      context.send("started");
    }),
  die: async () => process.exit(3),
});
