import { expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { F_SETFL, O_NONBLOCK, O_WRONLY } from "#host/kernel/linux.ts";
import { close, fcntl, pipe, write } from "#host/kernel/syscalls.ts";

const streams = JSON.stringify(`${import.meta.dir}/standard-streams.ts`);
/** Lines that tell their place, so that nothing is lost, doubled or out of order unnoticed. */
const sizes = [1, 3_000, 4_096, 9_000, 40_000];
const saying = `
  const { StandardOutput } = await import(${streams});
  const out = new StandardOutput(1);
  for (const size of ${JSON.stringify(sizes)}) out.write(String(size).padEnd(size - 1) + "\\n");
  try {
    await out.written();
  } catch (error) {
    console.error(error.kind, error.details?.code);
  }`;
const said = sizes.map((size) => `${String(size).padEnd(size - 1)}\n`).join("");

function speak(stdout: "pipe" | number | ReturnType<typeof Bun.file>, code = saying): Bun.Subprocess {
  return Bun.spawn([process.execPath, "-e", code], { stdout, stderr: "pipe", stdin: "ignore" });
}
const text = (stream: unknown): Promise<string> => new Response(stream as ReadableStream).text();

test("all of it arrives in order, by a pipe", async () => {
  const child = speak("pipe");
  expect(await text(child.stdout)).toBe(said);
  expect(await text(child.stderr)).toBe("");
});

test("a file is written on from where it is", async () => {
  const path = `/tmp/standard-streams-${process.pid}`;
  try {
    writeFileSync(path, "before\n");
    const child = Bun.spawn(["sh", "-c", `exec "$0" -e "$1" >>"$2"`, process.execPath, saying, path], {
      stderr: "pipe",
    });
    expect(await text(child.stderr)).toBe("");
    await child.exited;
    expect(readFileSync(path, "utf8")).toBe(`before\n${said}`);
  } finally {
    rmSync(path, { force: true });
  }
});

test("a pipe that takes nothing at once and may not be waited for gets it all the same", async () => {
  const [readEnd, writeEnd] = pipe();
  try {
    fcntl(writeEnd, F_SETFL, O_WRONLY | O_NONBLOCK);
    const filling = new Uint8Array(4_096).fill(46);
    let filled = 0;
    try {
      for (;;) filled += write(writeEnd, filling);
    } catch (error) {
      expect(error).toMatchObject({ code: "EAGAIN" });
    }
    const child = speak(writeEnd);
    close(writeEnd);
    const reader = Bun.spawn(["cat"], { stdin: readEnd, stdout: "pipe" });
    expect(await text(child.stderr)).toBe("");
    expect((await text(reader.stdout)).slice(filled)).toBe(said);
  } finally {
    close(readEnd);
  }
});

test("a reader that is gone and a full disk are told", async () => {
  const one = `
    const { StandardOutput } = await import(${streams});
    try {
      new StandardOutput(1).write("x\\n");
    } catch (error) {
      console.error(error.kind ?? "bare", error.details?.code ?? error.code);
    }`;
  const [readEnd, writeEnd] = pipe();
  close(readEnd);
  const unread = speak(writeEnd, one);
  close(writeEnd);
  expect(await text(unread.stderr)).toBe("cancelled EPIPE\n");
  const full = speak(Bun.file("/dev/full"), one);
  expect(await text(full.stderr)).toBe("bare ENOSPC\n");
});
