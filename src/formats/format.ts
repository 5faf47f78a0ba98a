import { z } from "zod";

/** One character: what DuckDB's reader takes as a delimiter, quote or escape. */
const character = z.string().length(1);

const COMPRESSION = z
  .enum(["auto", "none", "gzip", "zstd"])
  .optional()
  .describe("Default: by extension");

/** How to read a CSV. What is absent is found out from the file. */
export const CSV_OPTIONS = z.strictObject({
  delimiter: z.string().min(1).max(4).optional().describe("Between fields; default: found out"),
  quote: z
    .union([character, z.literal("")])
    .optional()
    .describe('Around fields; default: "'),
  escape: z
    .union([character, z.literal("")])
    .optional()
    .describe("Before a quote in a quoted field"),
  header: z.boolean().optional().describe("Whether the first record holds names; default: true"),
  skip: z.int().min(0).optional().describe("Lines to leave out before the header"),
  skip_footer: z.int().min(0).optional().describe("Records to leave out at the end"),
  comment: z
    .union([character, z.literal("")])
    .optional()
    .describe("Lines that start with it are left out"),
  null: z.array(z.string()).optional().describe('Texts that mean NULL; default: [""], unquoted'),
  encoding: z
    .enum(["utf-8", "utf-16", "utf-16le", "utf-16be", "latin-1", "windows-1252"])
    .optional()
    .describe("Default: found out from the BOM, else utf-8"),
  decimal: z.enum([".", ","]).optional().describe("The decimal mark of numbers"),
  thousands: z.enum([",", ".", "'", " ", "_"]).optional().describe("The mark between thousands"),
  date_format: z.string().min(2).optional().describe("strptime format of dates, e.g. %d.%m.%Y"),
  timestamp_format: z.string().min(2).optional().describe("strptime format of timestamps"),
  true: z.array(z.string()).optional().describe("Texts that mean true"),
  false: z.array(z.string()).optional().describe("Texts that mean false"),
  compression: COMPRESSION,
  max_line_size: z.string().optional().describe("Longest line, such as 16MB (the default)"),
});

export const XLSX_OPTIONS = z.strictObject({
  sheet: z
    .union([z.string().min(1), z.int().min(1)])
    .optional()
    .describe("Name or number; default: the first"),
  sheets: z
    .literal("all")
    .optional()
    .describe("One table for each visible sheet, under the names TABLE_SHEET"),
  range: z
    .string()
    .regex(/^[A-Za-z]{1,3}[0-9]*(:[A-Za-z]{1,3}[0-9]*)?$/)
    .optional()
    .describe("Cells to read, such as B3:H (open below) or B3:H20"),
  header: z.boolean().optional().describe("Whether a row holds names; default: true"),
  header_row: z
    .int()
    .min(1)
    .optional()
    .describe("The sheet's row that holds the names; default: found out"),
  skip_footer: z.int().min(0).optional().describe("Rows to leave out at the end"),
});

export const JSON_OPTIONS = z.strictObject({
  compression: COMPRESSION,
  max_record_size: z.string().optional().describe("Largest object, such as 16MB (the default)"),
});

export type CsvOptions = z.infer<typeof CSV_OPTIONS>;
export type XlsxOptions = z.infer<typeof XLSX_OPTIONS>;
export type JsonOptions = z.infer<typeof JSON_OPTIONS>;

/** Every format, its file name extensions and the YAML key of its options, if it has any. */
export const FORMATS = {
  csv: { extensions: [".csv"], optionsKey: "csv", compressible: true },
  tsv: { extensions: [".tsv", ".tab"], optionsKey: "csv", compressible: true },
  txt: { extensions: [".txt"], optionsKey: "csv", compressible: true },
  xlsx: { extensions: [".xlsx", ".xlsm"], optionsKey: "xlsx", compressible: false },
  parquet: { extensions: [".parquet"], optionsKey: undefined, compressible: false },
  json: { extensions: [".json"], optionsKey: "json", compressible: true },
  ndjson: { extensions: [".ndjson", ".jsonl"], optionsKey: "json", compressible: true },
} as const;

export type FormatName = keyof typeof FORMATS;

/** The YAML keys of a table that hold options of a format. */
export const OPTIONS_KEYS = ["csv", "xlsx", "json"] as const;

/** The format of a table, chosen by `format:` or by its file's extension, with its options. */
export type FormatOptions =
  | { readonly format: "csv" | "tsv" | "txt"; readonly csv: CsvOptions }
  | { readonly format: "xlsx"; readonly xlsx: XlsxOptions }
  | { readonly format: "json" | "ndjson"; readonly json: JsonOptions }
  | { readonly format: "parquet" };
