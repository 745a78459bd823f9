const KEYS: readonly (readonly [string, string])[] = [
  ["up down, j k", "select; page-up, page-down, home and end too"],
  ["1 2 3 4, tab", "containers, images, volumes, networks"],
  ["/", "show only what has these letters; escape ends it"],
  ["a", "stopped containers too, or not"],
  ["", ""],
  ["enter, l", "logs of a container, as they come; of the others what there is to know"],
  ["e", "a shell in it"],
  ["t", "what it uses, and its processes"],
  ["i", "all that is known of it"],
  ["w", "why it ended"],
  ["s", "start or stop it"],
  ["r", "restart it"],
  ["p", "pause it or let it go on"],
  ["d", "remove it"],
  ["", ""],
  ["in logs", "up and down scroll, f or end follows again, w wraps long lines"],
  ["escape, q", "back; q on a list leaves"],
  ["ctrl-z ctrl-c", "suspend, leave"],
];
const WIDTH = 15;

/** What the keys do, as a text to be scrolled. */
export function helpLines(): readonly string[] {
  return KEYS.map(([key, meaning]) => `  ${key.padEnd(WIDTH)}${meaning}`.trimEnd());
}
