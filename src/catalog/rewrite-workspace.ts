/** Changes a workspace file on disk: checked before, and replaced in one step. */
import { mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { access, constants, open, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { PgError } from "../core/pg-error.ts";
import type { Problem } from "../settings/problem.ts";
import type { Catalog } from "./catalog.ts";
import { type CatalogContext, loadCatalog } from "./load.ts";

export type Rewriting =
  | { readonly outcome: "written"; readonly catalog: Catalog }
  /** Nothing was written: the catalog's own loader would refuse the file. */
  | { readonly outcome: "problems"; readonly problems: readonly Problem[] };

/** Says early that a file cannot be written, before there is any work to lose. */
export async function assertWritable(file: string): Promise<void> {
  const target = realpathSync(file);
  try {
    await access(target, constants.W_OK);
    // The new version stands beside the old one before it takes its place.
    await access(dirname(target), constants.W_OK);
  } catch (error) {
    throw new PgError("insufficient_privilege", `cannot write ${file}`, {
      hint: "Run the command as a user who may write the file and its folder.",
      cause: error,
    });
  }
}

/** `before` is the text that `after` was made of: a file that has changed meanwhile is left alone. */
export async function rewriteWorkspace(
  file: string,
  { before, after }: { readonly before: string; readonly after: string },
  context: CatalogContext,
): Promise<Rewriting> {
  const target = realpathSync(file);
  const checked = await checkText(file, after, context);
  if (checked.outcome === "problems") return checked;
  if ((await readFile(target, "utf8")) !== before) {
    throw new PgError("object_in_use", `${file} was changed by somebody else meanwhile`, {
      hint: "Nothing was written. Run the command again.",
    });
  }
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  try {
    await using handle = await open(temporary, "wx", statSync(target).mode);
    await handle.writeFile(after);
    await handle.chmod(statSync(target).mode);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, target);
  return { outcome: "written", catalog: checked.catalog };
}

/** Loads the text from a folder of its own, and tells its problems as the file's. */
async function checkText(
  file: string,
  text: string,
  context: CatalogContext,
): Promise<
  | { readonly outcome: "loaded"; readonly catalog: Catalog }
  | Extract<Rewriting, { outcome: "problems" }>
> {
  const directory = mkdtempSync(join(tmpdir(), "bucketgres-check-"));
  try {
    const copy = join(directory, basename(file));
    await using handle = await open(copy, "wx");
    await handle.writeFile(text);
    const loaded = loadCatalog({ ...context, directory });
    if (loaded.outcome === "loaded") return loaded;
    return {
      outcome: "problems",
      problems: loaded.problems.map((problem) => ({ ...problem, file })),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
