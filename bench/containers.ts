import type { Side } from "./sides.ts";

interface Created {
  readonly Id: string;
}

/** Create a container of busybox; its id. */
export async function create(side: Side, command: readonly string[], more: object = {}): Promise<string> {
  const body = { Image: "busybox", Cmd: command, ...more };
  return ((await side.api("POST", "/containers/create", body)) as Created).Id;
}

export async function createAndStart(side: Side, command: readonly string[], more: object = {}): Promise<string> {
  const id = await create(side, command, more);
  await side.api("POST", `/containers/${id}/start`);
  return id;
}

export const remove = (side: Side, id: string): Promise<unknown> => side.api("DELETE", `/containers/${id}?force=1`);

/** Do `act` for 0 to `count` - 1, eight at a time. */
export async function eightAtATime<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) results.push(await act(next++));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}

/** Start `count` containers that sleep. */
export const startMany = (side: Side, count: number): Promise<string[]> =>
  eightAtATime(count, () => createAndStart(side, ["sleep", "3600"]));
