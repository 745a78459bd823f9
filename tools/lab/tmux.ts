import { join } from "node:path";
import type { Environment } from "./background.ts";
import { command, eventually, mustRun } from "./command.ts";
import { startDaemon, type DaemonProcess } from "./daemon-process.ts";

/** Before each line that is typed: how many there were, and the exit code of the last. */
const PROMPT = "\\#[$?]$ ";
/** Where the program left the cursor in the midst of a line, the prompt stands behind that. */
const AT_PROMPT = /(\d+)\[(\d+)\]\$$/;

interface TmuxOptions {
  /** Existing folder; takes the server's socket and log. */
  readonly dir: string;
  readonly columns: number;
  readonly rows?: number;
  readonly env?: Environment;
  readonly cwd?: string;
}

/**
 * bash in a window of tmux(1), which is a terminal to it and can tell what a person would see there. The server is this
 * window's alone and ends with this process.
 */
export class TmuxWindow {
  readonly #server: DaemonProcess;
  readonly #tmux: readonly string[];
  #prompted = 0;

  private constructor(server: DaemonProcess, tmux: readonly string[]) {
    this.#server = server;
    this.#tmux = tmux;
  }

  static async open({ dir, columns, rows = 24, env = {}, cwd = dir }: TmuxOptions): Promise<TmuxWindow> {
    const name = `tmux-${crypto.randomUUID().slice(0, 8)}`;
    // Without a person's configuration, and without what the machine has set for another terminal. -N: a client that does
    // not find the server would begin one that nobody ends.
    const here = ["tmux", "-u", "-S", join(dir, name), "-f", "/dev/null"];
    const tmux = [...here, "-N"];
    const server = await startDaemon({
      argv: ["setpriv", "--pdeathsig", "TERM", ...here, "-D"],
      logPath: join(dir, `${name}.log`),
      ready: async () => !/^(?:no server|error connecting)/.test((await command([...tmux, "list-sessions"])).stderr),
    });
    const window = new TmuxWindow(server, tmux);
    const set = Object.entries({ LANG: "C.UTF-8", PS1: PROMPT, ...env });
    const given = set.map(([key, value]) => (value === undefined ? ["-u", key] : [`${key}=${value}`]));
    // -u first: env takes variables behind its options.
    const words = ["env", ...given.toSorted((a, b) => b.length - a.length).flat(), "bash", "--norc", "--noprofile"];
    await window.#ask("new-session", "-d", "-x", String(columns), "-y", String(rows), "-c", cwd, ...words);
    await window.ended();
    return window;
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#ask("send-keys", "-l", "--", text);
  }

  /** Presses keys by tmux's names: `C-c`, `Up`, `Enter`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#ask("send-keys", ...keys);
  }

  /** Types a line and ends it. */
  async enter(line: string): Promise<void> {
    await this.type(line);
    await this.press("Enter");
  }

  /**
   * Resolves when programs in the window are told the new size: tmux lets some time pass before. What a program draws in that
   * time is for a window that is no more; one called `holding` is stopped meanwhile (not one that bash itself began: bash would
   * take its prompt).
   */
  async resize(columns: number, rows = 24, { holding }: { readonly holding?: string } = {}): Promise<void> {
    const terminal = (await this.#ask("display-message", "-p", "#{pane_tty}")).trim();
    const here = holding === undefined ? "" : await mustRun(["ps", "-t", terminal, "-o", "pid=,comm="]);
    const held = [...here.matchAll(/^ *(\d+) (.*)$/gm)]
      .filter(([, , name]) => name === holding)
      .map(([, pid]) => Number(pid));
    for (const pid of held) process.kill(pid, "SIGSTOP");
    await this.#ask("resize-window", "-x", String(columns), "-y", String(rows));
    await eventually(`${columns} columns`, async () =>
      (await mustRun(["stty", "-F", terminal, "size"])) === `${rows} ${columns}\n` ? true : undefined,
    );
    for (const pid of held) process.kill(pid, "SIGCONT");
  }

  /** What the window shows, a line a row, without the blanks at the end of each. */
  async screen(): Promise<string> {
    return (await this.#ask("capture-pane", "-p")).trimEnd();
  }

  /** The same with the escape sequences of its colours. */
  async coloured(): Promise<string> {
    return (await this.#ask("capture-pane", "-p", "-e")).trimEnd();
  }

  /** What it shows and what has left it at the top. */
  async history(): Promise<string> {
    return (await this.#ask("capture-pane", "-p", "-S", "-")).trimEnd();
  }

  /** Waits until the window shows all of these at once; what it shows then. */
  async shows(...wanted: readonly (string | RegExp)[]): Promise<string> {
    return this.sees(wanted.join(" and "), (screen) =>
      wanted.every((each) => (typeof each === "string" ? screen.includes(each) : each.test(screen))),
    );
  }

  /** Waits until `isSo` of what the window shows. */
  async sees(what: string, isSo: (screen: string) => boolean): Promise<string> {
    let screen = "";
    try {
      return await eventually(what, async () => {
        screen = await this.screen();
        return isSo(screen) ? screen : undefined;
      });
    } catch (error) {
      throw new Error(`${String(error)}; the window shows\n${screen}`, { cause: error });
    }
  }

  /** Waits until bash asks for another line than when this was called last: the exit code of what ran, and the screen. */
  async ended(): Promise<{ readonly code: number; readonly screen: string }> {
    let [number, code] = [0, -1];
    const screen = await this.sees("another prompt", (shown) => {
      [number = 0, code = -1] = AT_PROMPT.exec(shown)?.slice(1).map(Number) ?? [];
      return number > this.#prompted;
    });
    this.#prompted = number;
    return { code, screen };
  }

  /** Waits as {@link ended} for an end with `code`: the screen then. */
  async endsWith(code: number): Promise<string> {
    const ended = await this.ended();
    if (ended.code !== code)
      throw new Error(`ended with ${ended.code}, not ${code}; the window shows\n${ended.screen}`);
    return ended.screen;
  }

  /** Empties window and history. */
  async clear(): Promise<void> {
    await this.enter("clear");
    await this.ended();
    await this.#ask("clear-history");
  }

  /** Call in every case. */
  async close(): Promise<void> {
    await this.#server.stop();
  }

  #ask(...words: readonly string[]): Promise<string> {
    return mustRun([...this.#tmux, ...words]);
  }
}
