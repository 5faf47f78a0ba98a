/** One immutable `.duckdb` file of the cache and what is known of it. */
export interface CacheEntry {
  /** Absolute path. Holds the tables `main.data` and `main.rejects`. */
  readonly path: string;
  readonly columns: readonly CachedColumn[];
  readonly rowCount: number;
  readonly rejectedCount: number;
  /** Sentences for bucketgres.tables: ambiguous dates, mixed types and the like. */
  readonly warnings: readonly string[];
  readonly source: SourceVersion;
  readonly loadedAt: Date;
  readonly loadMs: number;
  readonly fileBytes: number;
}

/** A column of `main.data`, under its SQL name. Hidden columns are not stored. */
export interface CachedColumn {
  readonly name: string;
  /** As DuckDB prints the type: `DECIMAL(12,2)`, `TIMESTAMP WITH TIME ZONE`. */
  readonly duckdbType: string;
  /** The header's own text; for messages. */
  readonly header: string;
  /** True only when no row has NULL there. */
  readonly notNull: boolean;
}

/** What was read: one object, or all that a pattern matched. Equal `identity` means equal content. */
export interface SourceVersion {
  /** Made of every object's key, ETag and version. */
  readonly identity: string;
  readonly objectCount: number;
  readonly bytes: number;
  /** Of the object, when it is one. */
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
  readonly lastModified: Date;
}
