/** The records of a JSON file, one after another, however large the file is. */
import { createReadStream } from "node:fs";
import { PgError } from "../core/pg-error.ts";
import { RecordScanner } from "./json-record.ts";
import { INCOMPLETE, INVALID, type JsonProblem, skipSpace } from "./json-scan.ts";
import type { PlainText } from "./text-decode.ts";

/** An array of objects or objects one after another; or one object per line. */
export type JsonLayout = "values" | "lines";

/** Takes what is read. Nothing of it lives longer than the call. */
export interface RecordSink {
  /** `number` counts records from 1 in values, and lines in lines. */
  record(bytes: Buffer, scanner: RecordScanner, number: number): void;
  /** A line that is no record. */
  badLine(line: Buffer, what: string, number: number): void;
  /** Between two pieces of the file; the next one waits for it. */
  flush(): Promise<void>;
}

export interface JsonReadRequest {
  readonly text: PlainText;
  /** What messages call the file. */
  readonly file: string;
  readonly layout: JsonLayout;
  /** The largest record. */
  readonly recordBytes: number;
  readonly signal: AbortSignal;
}

const CHUNK_BYTES = 1024 * 1024;
const LF = 0x0a;

export async function readRecords(request: JsonReadRequest, sink: RecordSink): Promise<void> {
  const { text, signal, recordBytes } = request;
  const reader = request.layout === "lines" ? new LineReader(sink) : new ValueReader(sink);
  const options = { start: text.bomBytes, highWaterMark: CHUNK_BYTES, signal };
  let offset = text.bomBytes;
  let parts: Buffer[] = [];
  let size = 0;
  let wanted = 0;
  const take = async (isEnd: boolean): Promise<void> => {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    const consumed = reader.read(bytes, isEnd);
    if (typeof consumed !== "number") throw await invalidJson(request, offset, consumed);
    await sink.flush();
    offset += consumed;
    const rest = bytes.subarray(consumed);
    parts = rest.length === 0 ? [] : [rest];
    size = rest.length;
    // What is not whole is scanned again from its beginning: each time with twice as much of it.
    wanted = Math.min(2 * size, recordBytes + 1);
  };
  // A read stream without an encoding reads out Buffers.
  for await (const chunk of createReadStream(text.path, options) as AsyncIterable<Buffer>) {
    parts.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    await take(false);
    if (size > recordBytes) throw await tooLarge(request, offset);
  }
  await take(true);
}

interface Reader {
  /** Reads all whole records; gives how many bytes that took, or what is wrong. */
  read(bytes: Buffer, isEnd: boolean): number | JsonProblem;
}

const END_OF_FILE = "the file ends in the middle of it";

class LineReader implements Reader {
  readonly #sink: RecordSink;
  readonly #scanner = new RecordScanner();
  #line = 0;
  #isFirst = true;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  read(bytes: Buffer, isEnd: boolean): number | JsonProblem {
    let start = 0;
    while (start < bytes.length) {
      const newline = bytes.indexOf(LF, start);
      if (newline < 0 && !isEnd) break;
      const end = newline < 0 ? bytes.length : newline;
      this.#line += 1;
      const problem = this.#readLine(bytes.subarray(start, end));
      if (problem !== undefined) return { at: start + problem.at, what: problem.what };
      start = newline < 0 ? end : newline + 1;
    }
    return start;
  }

  #readLine(line: Buffer): JsonProblem | undefined {
    const scanner = this.#scanner;
    const at = skipSpace(line, 0);
    if (at === line.length) return undefined;
    // A file that begins like this is no damaged NDJSON, but another layout.
    if (this.#isFirst && line[at] === 0x5b) {
      return { at, what: "an array, where every line is to hold one object" };
    }
    this.#isFirst = false;
    const end = scanner.scan(line, at);
    const rest = end < 0 ? end : skipSpace(line, end);
    if (rest === line.length) {
      this.#sink.record(line, scanner, this.#line);
      return undefined;
    }
    if (rest >= 0) scanner.expected(line, rest, "the end of the line");
    const problem = rest === INCOMPLETE ? { at: line.length, what: END_OF_LINE } : scanner.problem;
    const character = line.toString("utf8", 0, problem.at).length + 1;
    this.#sink.badLine(line, `${problem.what}, at character ${character}`, this.#line);
    return undefined;
  }
}

const END_OF_LINE = "the line ends in the middle of the object";

class ValueReader implements Reader {
  readonly #sink: RecordSink;
  readonly #scanner = new RecordScanner();
  #state: "start" | "first" | "next" | "behind" | "sequence" | "end" = "start";
  #count = 0;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  read(bytes: Buffer, isEnd: boolean): number | JsonProblem {
    let at = skipSpace(bytes, 0);
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next === INVALID) return this.#scanner.problem;
      if (next === INCOMPLETE) return isEnd ? { at: bytes.length, what: END_OF_FILE } : at;
      at = skipSpace(bytes, next);
    }
    const isWhole = this.#state === "end" || this.#state === "sequence" || this.#state === "start";
    return isEnd && !isWhole ? { at, what: "the array is not closed" } : at;
  }

  #step(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    switch (this.#state) {
      case "start":
        if (byte !== 0x5b) this.#state = "sequence";
        else this.#state = "first";
        return byte === 0x5b ? at + 1 : at;
      case "first":
        if (byte !== 0x5d) return this.#record(bytes, at, "behind");
        this.#state = "end";
        return at + 1;
      case "next":
        return this.#record(bytes, at, "behind");
      case "behind":
        if (byte === 0x2c) this.#state = "next";
        else if (byte === 0x5d) this.#state = "end";
        else return this.#scanner.expected(bytes, at, '"," or "]"');
        return at + 1;
      case "sequence":
        return this.#record(bytes, at, "sequence");
      case "end":
        return this.#scanner.expected(bytes, at, "the end of the file");
    }
  }

  #record(bytes: Buffer, at: number, state: "behind" | "sequence"): number {
    const end = this.#scanner.scan(bytes, at);
    if (end < 0) return end;
    this.#count += 1;
    this.#state = state;
    this.#sink.record(bytes, this.#scanner, this.#count);
    return end;
  }
}

async function invalidJson(
  request: JsonReadRequest,
  offset: number,
  { at, what }: JsonProblem,
): Promise<PgError> {
  const place = await placeOf(request.text.path, offset + at);
  return new PgError(
    "bad_copy_file_format",
    `file "${request.file}" cannot be read as JSON: ${what}, in ${place}`,
    {
      hint:
        request.layout === "lines"
          ? "For an array of objects, or objects over several lines, set format: json."
          : "A table is an array of objects, or objects one after another, each of them one row.",
    },
  );
}

async function tooLarge(request: JsonReadRequest, offset: number): Promise<PgError> {
  return new PgError(
    "program_limit_exceeded",
    `a record of file "${request.file}" is larger than ${request.recordBytes} bytes: the one in ${await placeOf(request.text.path, offset)}`,
    { hint: "If that is right, raise json: { max_record_size } for the table." },
  );
}

/** `line 3, character 17`, for what stands at this byte of the file. */
async function placeOf(path: string, offset: number): Promise<string> {
  let line = 1;
  let character = 1;
  if (offset === 0) return "line 1, character 1";
  for await (const chunk of createReadStream(path, { end: offset - 1 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === LF) {
        line += 1;
        character = 1;
      } else if ((byte & 0xc0) !== 0x80) {
        // Every byte but a continuation byte begins a character.
        character += 1;
      }
    }
  }
  return `line ${line}, character ${character}`;
}
