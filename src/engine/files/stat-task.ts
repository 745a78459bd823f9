import type { Json } from "#host/helpers/helper-protocol.ts";
import { close } from "#host/kernel/syscalls.ts";
import { findPath } from "./find-path.ts";
import { withView, type ContainerView } from "./view.ts";

export const STAT_TASK = "container-stat";

/** What a path in a container is: {@link import("#spec/docker/archive.ts").PathStat}. */
export async function statTask(input: Json): Promise<Json> {
  const { view, path } = input as unknown as { readonly view: ContainerView; readonly path: string };
  return withView(view, ({ rootFd }) => {
    const { fd, stat } = findPath(rootFd, path);
    close(fd);
    return { ...stat };
  });
}
