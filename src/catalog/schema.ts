/** A workspace file's shape. What it names is looked up in load.ts. */
import { z } from "zod";
import { CSV_OPTIONS, JSON_OPTIONS, XLSX_OPTIONS } from "../formats/format.ts";
import { COUNT, DURATION, INTERVAL, SIZE, sizeBetween, TEXT } from "../settings/scalars.ts";
import { formatNames } from "./source-reference.ts";

/** Less memory than this is not enough to sort anything. */
const LEAST_MEMORY_BYTES = 16 * 1024 ** 2;

const NAMES = z.enum(["normalized", "as_is"]);

const LIMITS_OF_WORKSPACE = z.strictObject({
  memory: sizeBetween(LEAST_MEMORY_BYTES, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("Memory of its engine; default: what all workspaces share"),
  threads: z.int().min(1).max(1024).optional().describe("Threads of its engine; default: all"),
  connections: COUNT.optional().describe("Client connections; default: the server's limit"),
  statement_timeout: DURATION.optional().describe(
    "How long a statement may run; default: 0, for ever",
  ),
  queue: z.int().min(0).max(1_000_000).optional().describe("Statements that wait; default: 100"),
  temp_disk: SIZE.optional().describe("Disk for sorts and joins; default: what the cache leaves"),
  result_size: SIZE.optional().describe("Bytes of one result; default: 0, any number"),
});

const COLUMN = z.strictObject({
  name: TEXT.optional().describe("The name in SQL; default: made of the header"),
  type: TEXT.optional().describe(
    "A PostgreSQL type such as numeric(12,2); default: found out from the whole file",
  ),
  description: z.string().optional().describe("Becomes COMMENT ON COLUMN"),
  hidden: z.boolean().optional().describe("Whether the column is left out; default: false"),
});

const FOREIGN_KEY = z.strictObject({
  columns: z.array(TEXT).min(1).describe("Columns of this table"),
  references: TEXT.describe("Table and columns, such as customers(id)"),
});

const TABLE = z.strictObject({
  source: TEXT.describe("s3://bucket/key or STORE:KEY; *, **, ?, [abc] and {a,b} match many files"),
  format: z.enum(formatNames()).optional().describe("Default: by the file's extension"),
  description: z.string().optional().describe("Becomes COMMENT ON TABLE"),
  csv: CSV_OPTIONS.optional().describe("How to read csv, tsv and txt files"),
  xlsx: XLSX_OPTIONS.optional().describe("How to read xlsx files"),
  json: JSON_OPTIONS.optional().describe("How to read json and ndjson files"),
  columns: z.record(TEXT, COLUMN).optional().describe("Columns by the name in the file's header"),
  names: NAMES.optional().describe("as_is keeps the headers' own names; default: normalized"),
  primary_key: z.array(TEXT).min(1).optional().describe("SQL names of the columns"),
  foreign_keys: z.array(FOREIGN_KEY).optional().describe("References to other tables"),
  on_bad_value: z
    .enum(["reject", "fail"])
    .optional()
    .describe("reject: NULL and a row in bucketgres.rejects (the default); fail: no new version"),
  filename: z
    .union([z.boolean(), TEXT])
    .optional()
    .describe("A last column with each row's object key: true, or the column's name"),
  refresh: INTERVAL.optional().describe("How often the source is looked at; default: workspace's"),
});

const VIEW = z.strictObject({
  description: z.string().optional().describe("Becomes COMMENT ON VIEW"),
  sql: z.string().describe("A SELECT over the workspace's tables and views"),
});

export const WORKSPACE_FILE = z.strictObject({
  workspace: TEXT.optional().describe("The database's name; default: the file's name"),
  description: z.string().optional().describe("What the workspace is for"),
  members: z.array(TEXT).optional().describe("The users who may connect"),
  limits: LIMITS_OF_WORKSPACE.optional().describe("Bounds for this workspace"),
  refresh: INTERVAL.optional().describe("How often sources are looked at, or off; default: 30s"),
  names: NAMES.optional().describe("as_is keeps the headers' own names; default: normalized"),
  upload: z
    .strictObject({
      store: TEXT.describe("The store that takes uploaded files"),
      prefix: z.string().optional().describe('What their keys begin with; default: ""'),
    })
    .optional()
    .describe("Where uploaded files go; without it uploads are refused"),
  export: z
    .array(TEXT)
    .optional()
    .describe("Where COPY ... TO may write, as STORE:PREFIX; default: nowhere"),
  tables: z.record(TEXT, TABLE).optional().describe("Tables by name, or by schema.name"),
  views: z.record(TEXT, VIEW).optional().describe("Views by name, or by schema.name"),
});

export type WorkspaceEntry = z.output<typeof WORKSPACE_FILE>;
export type TableEntry = z.output<typeof TABLE>;
export type ColumnEntry = z.output<typeof COLUMN>;
