/** What the gateway and the loader process say to each other, over an IPC channel that keeps Maps and Dates. */
import type { StoreName } from "../core/brands.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { StoreOptions } from "../store/create-store.ts";
import type { LoadOutcome, LoadRequest, SheetsOutcome } from "./loader.ts";

export interface LoaderSettings {
  readonly stores: ReadonlyMap<StoreName, StoreOptions>;
  readonly cacheDirectory: string;
  readonly cacheSizeBytes: number;
  /** Of each DuckDB in the loader process; it has one per load. */
  readonly engineMemoryBytes: number;
  readonly threads: number;
}

/** A level at which something can be logged. */
export type WriteLevel = Exclude<keyof Logger, "child">;

export type ToLoader =
  /** The first message, and again whenever the stores change; the only way that secrets take. */
  | { readonly type: "settings"; readonly settings: LoaderSettings }
  | { readonly type: "load"; readonly id: number; readonly request: LoadRequest }
  | { readonly type: "list-sheets"; readonly id: number; readonly request: LoadRequest }
  | { readonly type: "cancel"; readonly id: number };

export type FromLoader =
  /** The source has changed, and is being loaded: what ends the process now may be this load. */
  | { readonly type: "started"; readonly id: number }
  /** Answers load and list-sheets. */
  | { readonly type: "ended"; readonly id: number; readonly outcome: LoadOutcome | SheetsOutcome }
  | { readonly type: "canceled"; readonly id: number }
  | {
      readonly type: "log";
      readonly level: WriteLevel;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  /** The settings do not work; the process ends. */
  | { readonly type: "unusable"; readonly error: PgErrorFields };
