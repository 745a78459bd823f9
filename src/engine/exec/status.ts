/**
 *   created ── start ──▶ running ── exited ──▶ exited
 *      └────────── start failed ─────────────────▲   (exit code 126 or 127)
 */
export type ExecStatus =
  | { readonly state: "created" }
  | { readonly state: "running"; readonly pid: number }
  | { readonly state: "exited"; readonly exitCode: number };
