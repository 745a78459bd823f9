import { expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";

/** Runs with a pseudo-terminal. */
export function terminalCases(target: () => Target): void {
  test("run -it is a shell on a terminal of the client's size, resized with it", async () => {
    const shell = target().terminal(["run", "-it", "--rm", "busybox", "sh"], 31, 101);
    await shell.waitFor(/# /);
    shell.write("tty; echo size $(stty size)\r");
    await shell.waitFor(/\/dev\/(pts\/0|console)/);
    await shell.waitFor(/size 31 101/);
    shell.resize(20, 90);
    await eventually("the new size", async () => {
      shell.write("echo now $(stty size)\r");
      await Bun.sleep(300);
      return shell.output().includes("now 20 90") ? true : undefined;
    });
    shell.write("exit 5\r");
    expect(await shell.end()).toBe(5);
  });

  test("ctrl-c on the terminal interrupts the foreground program only", async () => {
    const shell = target().terminal(["run", "-it", "--rm", "busybox", "sh"]);
    await shell.waitFor(/# /);
    shell.write("sh -c 'echo it be''gins; exec sleep 100'\r");
    await shell.waitFor(/it begins/);
    shell.write("\u0003");
    // What is typed before the shell has its terminal again is thrown away by the interrupt.
    await shell.waitFor(/it begins[^#]*# /);
    shell.write("echo still here $((40 + 2))\r");
    await shell.waitFor(/still here 42/);
    shell.write("exit\r");
    await shell.end();
  });

  test("the detach keys leave the container running", async () => {
    const shell = target().terminal(["run", "-it", "--name", "kept", "busybox", "sh"]);
    await shell.waitFor(/# /);
    shell.write("\u0010");
    await Bun.sleep(100);
    shell.write("\u0011");
    expect(await shell.end()).toBe(0);
    expect(await target().ok(["inspect", "-f", "{{.State.Running}}", "kept"])).toBe("true\n");
    const again = target().terminal(["attach", "kept"]);
    await eventually("a prompt", async () => {
      again.write("\r");
      await Bun.sleep(100);
      return again.output().includes("# ") ? true : undefined;
    });
    again.write("exit 6\r");
    expect(await again.end()).toBe(6);
  });

  test("exec -it", async () => {
    await target().ok(["run", "-d", "--name", "box", "busybox", "sleep", "60"]);
    const shell = target().terminal(["exec", "-it", "box", "sh"], 22, 77);
    await shell.waitFor(/# /);
    // The size comes after the start, and a shell that is told of it forgets what was typed meanwhile.
    await eventually("the terminal's size", async () => {
      shell.write("echo size $(stty size)\r");
      await Bun.sleep(300);
      return shell.output().includes("size 22 77") ? true : undefined;
    });
    shell.write("exit 4\r");
    expect(await shell.end()).toBe(4);
  });

  test("-t without a client terminal gives lines with carriage returns", async () => {
    expect(
      await target().ok([
        "run",
        "--rm",
        "-t",
        "busybox",
        "sh",
        "-c",
        "echo a; echo b >&2; test -t 0 && echo tty; echo $TERM",
      ]),
    ).toBe("a\r\nb\r\ntty\r\nxterm\r\n");
  });

  test("-it without a client terminal is refused by the client", async () => {
    const result = await target().run(["run", "--rm", "-it", "busybox", "true"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/the input device is not a TTY/);
  });

  test("a terminal's container has its own console", async () => {
    const shell = target().terminal([
      "run",
      "-it",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "ls -l /dev/console | cut -c1; stat -c '%t:%T' /dev/console; ls /dev/pts",
    ]);
    await shell.waitFor(/c\r\n88:0\r\n[\s\S]*ptmx/);
    expect(await shell.end()).toBe(0);
  });
}
