import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** How to start another entry module of this program with Node.js. */
export interface ModuleEntry {
  readonly path: string;
  /** Flags for Node.js: source files need a loader, built ones nothing. */
  readonly execArgv: readonly string[];
}

/**
 * The entry `specifier` beside the module `importMetaUrl`, in the form in which this program runs
 * now: `.js` when built, `.ts` under a loader in development. `BUCKETGRES_BUILT` names the folder of
 * a build whose entries are started instead, because tests start many and a loader takes a second.
 */
export function moduleEntry(importMetaUrl: string, specifier: string): ModuleEntry {
  if (importMetaUrl.endsWith(".js"))
    return { path: beside(importMetaUrl, `${specifier}.js`), execArgv: [] };
  const built = process.env["BUCKETGRES_BUILT"];
  if (built === undefined) {
    return {
      path: beside(importMetaUrl, `${specifier}.ts`),
      execArgv: ["--import", loaderUrl(importMetaUrl)],
    };
  }
  const source = fileURLToPath(new URL("..", import.meta.url));
  return {
    path: join(built, relative(source, beside(importMetaUrl, `${specifier}.js`))),
    execArgv: [],
  };
}

function beside(importMetaUrl: string, name: string): string {
  return fileURLToPath(new URL(name, importMetaUrl));
}

/** As a URL, because a bare name would be looked up from the child's working directory. */
function loaderUrl(importMetaUrl: string): string {
  return pathToFileURL(createRequire(importMetaUrl).resolve("tsx")).href;
}
