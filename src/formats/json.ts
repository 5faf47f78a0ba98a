/**
 * JSON as a relation of DuckDB's SQL: its records are written again as lines of fields, each value
 * as the file has it, and what the values mean is decided by us. In valid JSON no control character
 * stands as it is except between tokens, so one that no file holds ends a field and nothing is quoted.
 */
import { type FileHandle, open } from "node:fs/promises";
import { quoteLiteral } from "../core/identifier.ts";
import { JsonKeys } from "./json-keys.ts";
import { type JsonReadRequest, type RecordSink, readRecords } from "./json-reader.ts";
import type { JsonMember, RecordScanner } from "./json-record.ts";
import { JSON_KIND } from "./json-scan.ts";

/** A value, or a line that is no record, that cannot be in the table. */
export interface BadJson {
  /** Of the record, or of the line. */
  readonly number: number;
  /** The column's place in the headers; undefined for a whole line. */
  readonly place: number | undefined;
  /** As it is written in the file. */
  readonly value: string;
  readonly reason: string;
}

export interface JsonTranscript {
  /** The keys in the order in which they first come. */
  readonly headers: readonly string[];
  /** By column: the union of its values' JSON_KIND. */
  readonly kinds: readonly number[];
  readonly recordCount: number;
  /** Of the longest line that was written. */
  readonly lineBytes: number;
}

export interface TranscribeRequest extends JsonReadRequest {
  /** The file to write. */
  readonly target: string;
  /** How much of a bad value is kept. */
  readonly badCharacters: number;
  /** Told in batches; the next piece of the file waits for it. */
  readonly onBad: (bad: readonly BadJson[]) => Promise<void>;
}

/** The column of the relation that holds each record's number. */
export const JSON_NUMBER_COLUMN = "line";

const SEPARATOR = 0x1f;
const LF = 0x0a;
const SPACE = 0x20;
/** DuckDB's own default for the longest line. */
const SHORT_LINE_BYTES = 2_000_000;
const LINES_IN_BUFFER = 2;
/** Native copies cost more than a loop for so few bytes. */
const SHORT_BYTES = 24;

export async function transcribeJson(request: TranscribeRequest): Promise<JsonTranscript> {
  await using target = await open(request.target, "wx");
  const transcriber = new Transcriber(request, target);
  await readRecords(request, transcriber);
  return transcriber.transcript();
}

class Transcriber implements RecordSink {
  readonly #request: TranscribeRequest;
  readonly #target: FileHandle;
  readonly #keys: JsonKeys;
  readonly #kinds: number[] = [];
  /** By column: the record that has it last, and the member it is there. */
  readonly #records: number[] = [];
  readonly #members: (JsonMember | undefined)[] = [];
  #bad: BadJson[] = [];
  #count = 0;
  #longest = 0;
  #out = Buffer.allocUnsafe(1024 * 1024);
  #length = 0;

  constructor(request: TranscribeRequest, target: FileHandle) {
    this.#request = request;
    this.#target = target;
    this.#keys = new JsonKeys(request.file);
  }

  transcript(): JsonTranscript {
    const { headers } = this.#keys;
    const kinds = headers.map((_header, place) => this.#kinds[place] ?? 0);
    return { headers, kinds, recordCount: this.#count, lineBytes: this.#longest };
  }

  record(bytes: Buffer, scanner: RecordScanner, number: number): void {
    this.#count += 1;
    let room = 32;
    for (let nth = 0; nth < scanner.count; nth += 1) {
      const member = scanner.member(nth);
      const place = this.#keys.place(bytes, member.keyStart, member.keyEnd, nth);
      const earlier = this.#records[place] === this.#count ? this.#members[place] : undefined;
      if (earlier !== undefined) {
        const reason = "the object has this key more than once: the last value counts";
        this.#note(bytes, earlier, { number, place, reason });
      }
      this.#records[place] = this.#count;
      this.#members[place] = member;
      room += member.valueEnd - member.valueStart;
    }
    this.#reserve(room + this.#keys.headers.length);
    const start = this.#length;
    this.#writeText(String(number));
    for (let place = 0; place < this.#keys.headers.length; place += 1) {
      this.#writeByte(SEPARATOR);
      const member = this.#records[place] === this.#count ? this.#members[place] : undefined;
      if (member !== undefined) this.#writeMember(bytes, member, place, number);
    }
    this.#writeByte(LF);
    this.#longest = Math.max(this.#longest, this.#length - start);
  }

  badLine(line: Buffer, what: string, number: number): void {
    const value = this.#shown(line, 0, line.length);
    this.#bad.push({ number, place: undefined, value, reason: `the line is no record: ${what}` });
  }

  async flush(): Promise<void> {
    this.#request.signal.throwIfAborted();
    await this.#target.writeFile(this.#out.subarray(0, this.#length));
    this.#length = 0;
    const bad = this.#bad;
    this.#bad = [];
    if (bad.length > 0) await this.#request.onBad(bad);
  }

  #writeMember(bytes: Buffer, member: JsonMember, place: number, number: number): void {
    const { valueStart, valueEnd, kind, badEscape } = member;
    if (badEscape !== undefined) {
      this.#note(bytes, member, { number, place, reason: `holds ${badEscape}` });
      return;
    }
    this.#kinds[place] = (this.#kinds[place] ?? 0) | kind;
    if (kind === JSON_KIND.null) return;
    if (kind === JSON_KIND.nested) this.#copyNested(bytes, valueStart, valueEnd);
    else this.#copy(bytes, valueStart, valueEnd);
  }

  #note(
    bytes: Buffer,
    { valueStart, valueEnd }: JsonMember,
    bad: { readonly number: number; readonly place: number; readonly reason: string },
  ): void {
    this.#bad.push({ ...bad, value: this.#shown(bytes, valueStart, valueEnd) });
  }

  #shown(bytes: Buffer, start: number, end: number): string {
    const { badCharacters } = this.#request;
    // No character takes more than four bytes.
    const text = bytes.toString("utf8", start, Math.min(end, start + 4 * badCharacters));
    return [...text].slice(0, badCharacters).join("");
  }

  #reserve(bytes: number): void {
    if (this.#out.length - this.#length >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + bytes));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }

  #writeByte(byte: number): void {
    this.#out[this.#length] = byte;
    this.#length += 1;
  }

  #writeText(text: string): void {
    this.#length += this.#out.write(text, this.#length, "latin1");
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    if (end - start > SHORT_BYTES) {
      this.#length += bytes.copy(this.#out, this.#length, start, end);
      return;
    }
    for (let at = start; at < end; at += 1) this.#writeByte(bytes[at] ?? 0);
  }

  /** Line ends between tokens, which alone can be control characters, become spaces. */
  #copyNested(bytes: Buffer, start: number, end: number): void {
    const from = this.#length;
    this.#copy(bytes, start, end);
    for (let at = from; at < this.#length; at += 1) {
      if ((this.#out[at] ?? SPACE) < SPACE) this.#out[at] = SPACE;
    }
  }
}

/**
 * What to select from: the record's number, and the columns `c0`, `c1` and so on as texts of JSON.
 * Records of a file's beginning lack the columns that come later in it, which are NULL there.
 */
export function jsonRelation(path: string, { headers, lineBytes }: JsonTranscript): string {
  const names = headers.map((_header, index) => jsonColumn(index));
  const lineSize = Math.max(lineBytes, SHORT_LINE_BYTES);
  const columns = [JSON_NUMBER_COLUMN, ...names].map((name) => `'${name}': 'VARCHAR'`);
  const options = {
    auto_detect: "false",
    columns: `{${columns.join(", ")}}`,
    header: "false",
    delim: `'${String.fromCharCode(SEPARATOR)}'`,
    quote: "''",
    escape: "''",
    comment: "''",
    nullstr: "['']",
    null_padding: "true",
    strict_mode: "true",
    compression: "'none'",
    encoding: "'utf-8'",
    max_line_size: String(lineSize),
    // By default sixteen lines of the largest size, of which there may be several in memory.
    buffer_size: String(LINES_IN_BUFFER * lineSize),
  };
  const list = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  return `read_csv(${quoteLiteral(path)}, ${list.join(", ")})`;
}

export function jsonColumn(index: number): string {
  return `c${index}`;
}

/**
 * SQL for the text that a JSON value of these kinds stands for: a string's characters, and anything
 * else as it is written.
 */
export function jsonText(json: string, kinds: number): string {
  if ((kinds & JSON_KIND.string) === 0) return json;
  const inner = `substr(${json}, 2, length(${json}) - 2)`;
  const unescaped =
    (kinds & JSON_KIND.escaped) === 0
      ? inner
      : `CASE WHEN contains(${json}, '\\') THEN json_extract_string(${json}, '$') ELSE ${inner} END`;
  const scalars = JSON_KIND.boolean | JSON_KIND.integer | JSON_KIND.number | JSON_KIND.nested;
  return (kinds & scalars) === 0
    ? unescaped
    : `CASE WHEN starts_with(${json}, '"') THEN ${unescaped} ELSE ${json} END`;
}
