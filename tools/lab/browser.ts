import { chromium, type Browser } from "playwright-core";
import { findProgram } from "./paths.ts";

/** Debian's Chromium without a window. */
export function openBrowser(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (executablePath === undefined) throw new Error("chromium is missing: npm test -- setup installs it");
  // Its sandbox wants an ordinary user.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
