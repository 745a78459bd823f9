/**
 * How often code has to run before it is compiled: `scale` times as often as is JavaScriptCore's rule. A short command is
 * over before compiling pays, and the executable starts with {@link shortLived}; whoever goes on for longer sets another.
 */
export function setJitPolicy(scale: number): void {
  Bun.unsafe.setJITPolicy(scale);
}

/** What tools/build.ts gives the executable. A `run` takes 4 ms less of the processor with it. */
export const shortLived = 20;
/** Containers are started a few at a time: each of the first fifty takes 1 to 2 ms less than by 4, later ones the same. */
export const seldomRepeated = 10;
/** JavaScriptCore's rule: work in long loops. */
export const longLoops = 1;
