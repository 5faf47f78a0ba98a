import { open } from "node:fs/promises";
import { join } from "node:path";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { csvRelation, IS_SHORT_COLUMN, repairedRelation } from "../formats/csv.ts";
import { type RaggedRecord, repairCsv } from "../formats/csv-repair.ts";
import { type CsvLayout, sniffCsv } from "../formats/csv-sniff.ts";
import { findTotalRow, type TotalRow } from "../formats/csv-total.ts";
import type { FormatOptions } from "../formats/format.ts";
import { decodeText, type PlainText } from "../formats/text-decode.ts";
import type { LoadContext, SourceFile } from "./load-context.ts";

/** The part of a table's options that describes a CSV. */
export type CsvFormat = Extract<FormatOptions, { readonly csv: unknown }>;

export type OnRagged = (file: CsvFile, records: readonly RaggedRecord[]) => Promise<void>;

/** One CSV on its way into a table. */
export class CsvFile {
  readonly name: string;
  readonly layout: CsvLayout;
  readonly #text: PlainText;
  readonly #target: string;
  /** Undefined until the file is repaired; then the length of its longest record. */
  #repairedBytes: number | undefined;

  constructor(name: string, layout: CsvLayout, text: PlainText, target: string) {
    this.name = name;
    this.layout = layout;
    this.#text = text;
    this.#target = target;
  }

  /** What to select from. */
  get relation(): string {
    return this.#repairedBytes === undefined
      ? csvRelation(this.#text.path, this.layout, this.#text.lineBytesAtMost)
      : repairedRelation(this.#target, this.layout, this.#repairedBytes);
  }

  /**
   * The rows that say what types the columns have. Fields of a row that lacks some may stand in the
   * wrong place, as in a footer, and have no say.
   */
  get typedRelation(): string {
    return this.isRepaired
      ? `(SELECT * FROM ${this.relation} WHERE ${IS_SHORT_COLUMN} = 'false')`
      : this.relation;
  }

  /** Whether the relation has a column with each row's line, and no row that does not fit. */
  get isRepaired(): boolean {
    return this.#repairedBytes !== undefined;
  }

  /** What was found strange in it. */
  get warnings(): readonly string[] {
    return [...this.#text.warnings, ...this.layout.warnings];
  }

  totalRow(): Promise<TotalRow | undefined> {
    return findTotalRow(this.#text, this.layout);
  }

  async repair(signal: AbortSignal, onRagged: OnRagged): Promise<void> {
    if (this.isRepaired) return;
    this.#repairedBytes = await repairCsv({
      text: this.#text,
      target: this.#target,
      layout: this.layout,
      file: this.name,
      signal,
      onRagged: (records) => onRagged(this, records),
    });
  }
}

/** Undefined for an empty file or one of blank lines, which has no columns. */
export async function openCsvFile(
  source: SourceFile,
  index: number,
  format: CsvFormat,
  { directory, signal }: LoadContext,
): Promise<CsvFile | undefined> {
  const { csv } = format;
  const text = await decodeText(source.path, {
    file: source.name,
    kind: "csv",
    target: join(directory, `${index}.text`),
    compression: csv.compression,
    encoding: csv.encoding,
    signal,
  });
  if (text.bytes === text.bomBytes) return undefined;
  const head = await readHead(text);
  const isWhole = head.length === text.bytes - text.bomBytes;
  if (isWhole && head.every((byte) => byte === 0x0a || byte === 0x0d)) return undefined;
  const layout = sniffCsv({
    options: csv,
    format: format.format,
    file: source.name,
    head,
    isWhole,
  });
  return new CsvFile(source.name, layout, text, join(directory, `${index}.repaired`));
}

async function readHead(text: PlainText): Promise<Buffer> {
  await using file = await open(text.path);
  const size = Math.min(LIMITS.csv.headBytes, text.bytes - text.bomBytes);
  const head = Buffer.alloc(size);
  const { bytesRead } = await file.read(head, 0, size, text.bomBytes);
  return head.subarray(0, bytesRead);
}

export function emptyFile(name: string): PgError {
  return new PgError("bad_copy_file_format", `file "${name}" is empty`, {
    hint: "Upload a file with a header line.",
  });
}
