import { shortLived } from "../src/host/program/jit-policy.ts";
import packageJson from "../package.json" with { type: "json" };
import { sourceFacts } from "./source-facts.ts";

/**
 * How the program below `root` is bundled into the executable `outfile`. `startups`: see startup-profile.ts.
 *
 * Bytecode, because parsing the program costs more than starting it. What runs once is not worth compiling: see
 * jit-policy.ts. Nothing is loaded from the directory it is started in: no .env, no bunfig.toml, no tsconfig.json or
 * package.json.
 *
 * Split at its dynamic imports, because otherwise the smallest command would pay for the whole (measured with 293
 * modules, `--version`: 5 ms, without splitting 15, without bytecode too 71); small pieces go along with others that are
 * loaded whenever they are, because each piece takes time of its own.
 */
export function programBuild(root: string, outfile: string, startups: readonly string[] = []): Bun.BuildConfig {
  const source = sourceFacts(root);
  return {
    entrypoints: [`${root}src/main/berth.ts`],
    target: "bun",
    format: "esm",
    minify: true,
    splitting: true,
    minChunkSize: 16 * 1024,
    sourcemap: "none",
    bytecode: true,
    compile: {
      outfile,
      bytecodeOrder: [...startups],
      jitPolicy: shortLived,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    define: {
      "process.env.NODE_ENV": '"production"',
      BERTH_VERSION: JSON.stringify(packageJson.version),
      BERTH_GIT_COMMIT: JSON.stringify(source.commit),
      BERTH_BUILD_TIME: JSON.stringify(source.time),
    },
  };
}
