import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageReader } from "../protocol/message-reader.ts";
import { EFFECT_SQLSTATE } from "./live-catalog.ts";
import type { ShadowEffect } from "./shadow.ts";

/** What the backend messages of one round trip say (PostgreSQL documentation 55.7). */
export type Reply =
  | {
      readonly outcome: "complete";
      readonly parameterOids: readonly number[];
      readonly fields: readonly FieldDescription[] | undefined;
      readonly rows: Buffer;
      readonly rowCount: number;
      readonly tag: string;
      readonly notices: readonly Buffer[];
      readonly effects: readonly ShadowEffect[];
      readonly inTransaction: boolean;
    }
  | { readonly outcome: "failed"; readonly error: PgError; readonly inTransaction: boolean }
  /** Neither an answer nor an error: the instance lost its way and is of no further use. */
  | { readonly outcome: "broken" };

const HEADER_BYTES = 5;

/**
 * Reads one whole answer. An overflow of V8's stack inside PostgreSQL leaves half an answer that
 * may even close with ReadyForQuery, so what must be there is counted, not only how it ends.
 */
export function readReply(bytes: Buffer, expected: "description" | "execution"): Reply {
  const collected = new Collector(bytes);
  try {
    for (let offset = 0; offset < bytes.length; ) offset = collected.message(offset);
  } catch {
    // Cut off in the middle of a message.
    return { outcome: "broken" };
  }
  return collected.reply(expected);
}

class Collector {
  readonly #bytes: Buffer;
  #error: PgError | undefined;
  #parameterOids: readonly number[] = [];
  #fields: readonly FieldDescription[] | undefined;
  #parsed = false;
  #bound = false;
  #described = false;
  #tag: string | undefined;
  #status = "";
  #rowCount = 0;
  readonly #rowRuns: { readonly from: number; to: number }[] = [];
  readonly #notices: Buffer[] = [];
  readonly #effects: ShadowEffect[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes in the message at `offset` and returns where the next one starts. */
  message(offset: number): number {
    const end = offset + 1 + this.#bytes.readUInt32BE(offset + 1);
    if (end < offset + HEADER_BYTES || end > this.#bytes.length) throw new RangeError("cut off");
    const body = () => new MessageReader(this.#bytes.subarray(offset + HEADER_BYTES, end));
    switch (String.fromCharCode(this.#bytes.readUInt8(offset))) {
      case "D":
        this.#row(offset, end);
        break;
      case "1":
        this.#parsed = true;
        break;
      case "2":
        this.#bound = true;
        break;
      case "T":
        this.#described = true;
        this.#fields = readFields(body());
        break;
      case "n":
        this.#described = true;
        break;
      case "t":
        this.#parameterOids = readOids(body());
        break;
      case "C":
        this.#tag = body().cstring();
        break;
      case "I":
        this.#tag = "";
        break;
      case "E":
        this.#error ??= readError(body());
        break;
      case "N":
        this.#notice(body(), this.#bytes.subarray(offset, end));
        break;
      case "Z":
        this.#status = body().rest().toString("latin1");
        break;
      // A ParameterStatus or NotificationResponse is about this instance and not about the client's
      // session, and COPY never comes here.
      default:
        break;
    }
    return end;
  }

  reply(expected: "description" | "execution"): Reply {
    if (this.#status === "") return { outcome: "broken" };
    const inTransaction = this.#status !== "I";
    if (this.#error !== undefined) {
      if (this.#missesItsOwn(this.#error)) return { outcome: "broken" };
      return { outcome: "failed", error: this.#error, inTransaction };
    }
    const tag = expected === "execution" ? this.#tag : "";
    if (tag === undefined || (expected === "description" && !this.#described)) {
      return { outcome: "broken" };
    }
    return {
      outcome: "complete",
      parameterOids: this.#parameterOids,
      fields: this.#fields,
      rows: this.#rows(),
      rowCount: this.#rowCount,
      tag,
      notices: this.#notices,
      effects: this.#effects,
      inTransaction,
    };
  }

  /** The unnamed statement or portal is unknown: Parse or Bind ended without a word. */
  #missesItsOwn({ sqlstate }: PgError): boolean {
    if (sqlstate === SQLSTATE.invalid_sql_statement_name) return !this.#parsed;
    return sqlstate === SQLSTATE.invalid_cursor_name && !this.#bound;
  }

  #notice(body: MessageReader, message: Buffer): void {
    const { sqlstate, message: text } = readError(body);
    if (sqlstate !== EFFECT_SQLSTATE) this.#notices.push(message);
    // Written by our own functions, the only ones that could raise it.
    else this.#effects.push(JSON.parse(text) as ShadowEffect);
  }

  #row(from: number, to: number): void {
    this.#rowCount += 1;
    const last = this.#rowRuns.at(-1);
    if (last?.to === from) last.to = to;
    else this.#rowRuns.push({ from, to });
  }

  /** A view where the rows stand behind one another, as they do unless a notice came between. */
  #rows(): Buffer {
    const runs = this.#rowRuns.map(({ from, to }) => this.#bytes.subarray(from, to));
    return runs.length === 1 && runs[0] !== undefined ? runs[0] : Buffer.concat(runs);
  }
}

function readFields(body: MessageReader): readonly FieldDescription[] {
  return Array.from({ length: body.uint16() }, () => {
    const field = {
      name: body.cstring(),
      tableOid: body.uint32(),
      columnNumber: body.int16(),
      typeOid: body.uint32(),
      typeSize: body.int16(),
      typeModifier: body.int32(),
    };
    // The format code, which is the one that was asked for.
    body.int16();
    return field;
  });
}

function readOids(body: MessageReader): readonly number[] {
  return Array.from({ length: body.uint16() }, () => body.uint32());
}

/**
 * The fields that are the client's business. Where in PGlite's source an error was raised is not,
 * and neither is a FATAL: it would be this instance's end, not the session's.
 */
function readError(body: MessageReader): PgError {
  const fields = new Map<string, string>();
  for (let code = body.byte(); code !== 0; code = body.byte()) {
    fields.set(String.fromCharCode(code), body.cstring());
  }
  const position = Number(fields.get("P"));
  return PgError.fromFields({
    sqlstate: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "",
    detail: fields.get("D"),
    hint: fields.get("H"),
    position: position > 0 ? position : undefined,
  });
}
