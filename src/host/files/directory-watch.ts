import { watch } from "node:fs";

export interface DirectoryWatch {
  /** Resolves at the first change of the file since the last call resolved, at once when there was one meanwhile. */
  changed(): Promise<void>;
  /** As if the file had changed. */
  touch(): void;
  close(): void;
}

/**
 * When the file counts as changed once more. The watch stands as soon as it is made, but the kernel throws away what the
 * runtime does not fetch in time, and nobody is told.
 */
const LOOK_AGAIN_MS = [500, 5_000] as const;

/**
 * Watch one name in a directory (inotify(7)), also while other files take that name by rename. The directory must exist;
 * when it is removed, `changed` resolves once more.
 */
export function watchName(directory: string, name: string): DirectoryWatch {
  let dirty = false;
  let wake = (): void => {};
  const touch = (): void => {
    dirty = true;
    wake();
  };
  const watcher = watch(directory, { persistent: false }, (_event, changedName) => {
    if (changedName === null || changedName === name) touch();
  });
  watcher.on("error", touch);
  const again = LOOK_AGAIN_MS.map((milliseconds) => setTimeout(touch, milliseconds).unref());
  return {
    async changed() {
      if (!dirty) await new Promise<void>((resolve) => (wake = resolve));
      dirty = false;
    },
    touch,
    close() {
      again.forEach(clearTimeout);
      watcher.close();
      touch();
    },
  };
}
