import type { Progress } from "./types.ts";

/** What a registry lets its clients know beside its answers. */
export interface RegistryNotices {
  /** It limits the rate of requests and makes us wait for so long. */
  readonly onRateLimit: (seconds: number) => void;
  /** Something that people should read (distribution-spec, "Warnings"). */
  readonly onWarning: (text: string) => void;
}

/** Notices as lines of progress; a warning that comes with many answers is told once. */
export function noticesTo(onProgress: (line: Progress) => void): RegistryNotices {
  const told = new Set<string>();
  return {
    onRateLimit: (seconds) =>
      onProgress({
        status: `The registry limits the rate of requests: going on in ${seconds} second${seconds === 1 ? "" : "s"}`,
      }),
    onWarning: (text) => {
      if (told.has(text)) return;
      told.add(text);
      onProgress({ status: `Warning of the registry: ${text}` });
    },
  };
}
