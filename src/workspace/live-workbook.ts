import { isDeepStrictEqual } from "node:util";
import type { SourceVersion } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import { sheetTables } from "../loader/sheet-tables.ts";
import type { LiveSource, LiveSourceOptions, ServedTable } from "./live-source.ts";
import { LiveTable } from "./live-table.ts";
import { Revalidation } from "./revalidation.ts";

/** What is known of the workbook's sheets now. */
type Listing =
  | { readonly name: "loading" }
  | {
      readonly name: "listed";
      readonly source: SourceVersion;
      readonly tables: readonly LiveTable[];
    }
  /** The tables of the last good version are still served, if there was one. */
  | {
      readonly name: "failed";
      readonly error: PgErrorFields;
      readonly tables: readonly LiveTable[];
    };

/** A workbook of which each sheet is a table: looks for sheets that came and went. */
export class LiveWorkbook implements LiveSource {
  readonly definition: TableDefinition;
  readonly #options: LiveSourceOptions;
  readonly #closed = new AbortController();
  readonly #revalidation: Revalidation;
  #listing: Listing = { name: "loading" };
  #checkedAt: Date | undefined;

  constructor(options: LiveSourceOptions) {
    this.#options = options;
    this.definition = options.definition;
    this.#revalidation = new Revalidation(options.definition.refreshMs, () => this.#look());
  }

  /** While there is no sheet to serve, the workbook stands for them, with the reason. */
  get tables(): readonly ServedTable[] {
    const listing = this.#listing;
    if (listing.name !== "loading" && listing.tables.length > 0) return listing.tables;
    const { definition } = this;
    const checkedAt = this.#checkedAt;
    if (listing.name === "loading") return [{ definition, state: { name: "loading" }, checkedAt }];
    const error = listing.name === "failed" ? listing.error : noSheet(definition).toFields();
    return [{ definition, state: { name: "failed", error }, checkedAt }];
  }

  /** The tables are looked at, too. */
  async revalidate(): Promise<void> {
    await this.#revalidation.run();
    const listing = this.#listing;
    if (listing.name === "loading") return;
    await Promise.all(listing.tables.map((table) => table.revalidate()));
  }

  async refresh(): Promise<void> {
    await this.#revalidation.fresh();
    await Promise.all(this.#served().map((table) => table.refresh()));
  }

  async suspect(paths: readonly string[] | undefined): Promise<void> {
    await Promise.all(this.#served().map((table) => table.suspect(paths)));
  }

  close(): void {
    this.#revalidation.close();
    this.#closed.abort(new PgError("admin_shutdown", "the table is no longer in the catalog"));
    for (const table of this.#served()) table.close();
  }

  async #look(): Promise<void> {
    const { workspace, definition, loader, log } = this.#options;
    const signal = this.#closed.signal;
    const before = this.#listing;
    const known = before.name === "listed" ? before.source : undefined;
    try {
      const outcome = await loader.listSheets({ workspace, table: definition, known }, { signal });
      // Nobody would close the tables that were made now.
      if (signal.aborted) return;
      this.#checkedAt = new Date();
      if (outcome.outcome === "listed") {
        const tables = this.#tablesOf(outcome.sheets);
        this.#listing = { name: "listed", source: outcome.source, tables };
      } else if (outcome.outcome === "failed") {
        this.#fail(outcome.error);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PgError)) log.error({ err: error }, "sheets could not be listed");
      const failure =
        error instanceof PgError ? error : new PgError("internal_error", "the loader failed");
      this.#fail(failure.toFields());
    }
    this.#options.changed(this.#listing === before ? "checked" : "state");
  }

  #fail(error: PgErrorFields): void {
    const before = this.#listing;
    this.#listing = { name: "failed", error, tables: this.#served() };
    // The same failure at every look is told once.
    if (before.name === "failed" && before.error.message === error.message) return;
    const { log } = this.#options;
    log.warn(
      { table: this.definition.name, error: error.message, hint: error.hint },
      "sheets cannot be listed",
    );
  }

  #served(): readonly LiveTable[] {
    return this.#listing.name === "loading" ? [] : this.#listing.tables;
  }

  /** Sheets that were there before keep their data. New ones are loaded at once. */
  #tablesOf(sheets: readonly string[]): readonly LiveTable[] {
    const before = this.#served();
    const definitions = sheetTables(this.definition, sheets);
    const tables = definitions.map((definition) => {
      const kept = before.find((table) => isDeepStrictEqual(table.definition, definition));
      if (kept !== undefined) return kept;
      const created = new LiveTable({ ...this.#options, definition });
      void created.revalidate();
      return created;
    });
    for (const table of before) if (!tables.includes(table)) table.close();
    return tables;
  }
}

function noSheet({ source }: TableDefinition): PgError {
  return new PgError("object_not_in_prerequisite_state", `"${source.text}" has no visible sheet`, {
    hint: "Show the sheets that are to be tables, or name one with xlsx: { sheet: … }.",
  });
}
