import { createHash } from "node:crypto";

/** A longer line is kept as its beginning and a digest. */
const LINE_CHARACTERS = 600;

const WITHOUT_BODY: Readonly<Record<string, string>> = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  n: "NoData",
  s: "PortalSuspended",
  I: "EmptyQueryResponse",
  c: "CopyDone",
};

/**
 * One backend message as a line of text: everything that it says, except what cannot be equal in two
 * servers. That is: where in a source file an error was raised (F, L, R), and of which table a
 * column is (its OID and number).
 */
export function traceLine(type: string, body: Buffer): string {
  const line = fullLine(type, new Body(body));
  if (line.length <= LINE_CHARACTERS) return line;
  const digest = createHash("sha256").update(line).digest("hex").slice(0, 16);
  return `${line.slice(0, LINE_CHARACTERS / 2)}… ${line.length} characters, ${digest}`;
}

function fullLine(type: string, body: Body): string {
  const name = WITHOUT_BODY[type];
  if (name !== undefined) return body.atEnd(name);
  switch (type) {
    case "Z":
      return `ReadyForQuery ${body.rest().toString("latin1")}`;
    case "C":
      return body.atEnd(`CommandComplete ${body.cstring()}`);
    case "S":
      return body.atEnd(`ParameterStatus ${body.cstring()}=${body.cstring()}`);
    case "E":
      return body.atEnd(`ErrorResponse ${fields(body)}`);
    case "N":
      return body.atEnd(`NoticeResponse ${fields(body)}`);
    case "T":
      return body.atEnd(`RowDescription ${list(body, column)}`);
    case "t":
      return body.atEnd(`ParameterDescription ${list(body, () => String(body.uint32()))}`);
    case "D":
      return body.atEnd(`DataRow ${list(body, value)}`);
    case "G":
    case "H":
      return body.atEnd(
        `${type === "G" ? "CopyInResponse" : "CopyOutResponse"} ${body.byte()} ${list(body, () => String(body.int16()))}`,
      );
    case "d":
      return `CopyData ${shown(body.rest())}`;
    default:
      return `unknown message ${type} ${body.rest().toString("hex")}`;
  }
}

function list(body: Body, read: (body: Body) => string): string {
  return `[${Array.from({ length: body.uint16() }, () => read(body)).join(", ")}]`;
}

function column(body: Body): string {
  const name = body.cstring();
  body.rest(6);
  const [type, size, modifier, format] = [body.uint32(), body.int16(), body.int32(), body.int16()];
  return `${name} type ${type} size ${size} modifier ${modifier} format ${format}`;
}

function value(body: Body): string {
  const length = body.int32();
  return length < 0 ? "NULL" : shown(body.rest(length));
}

/** Text as a JSON string; what is no printable text as hexadecimal digits. */
function shown(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  const isText = /^[\n\t\x20-\x7e\u00a0-\uffef]*$/.test(text);
  return isText ? JSON.stringify(text) : `0x${bytes.toString("hex")}`;
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  D: "detail",
  H: "hint",
  q: "internal query",
  p: "internal position",
  W: "where",
  s: "schema",
  t: "table",
  c: "column",
  d: "data type",
  n: "constraint",
};

function fields(body: Body): string {
  const given = new Map<string, string>();
  for (let code = body.byte(); code !== 0; code = body.byte()) {
    given.set(String.fromCharCode(code), body.cstring());
  }
  const [severity, nonLocalized] = [given.get("S"), given.get("V")];
  const position = given.has("P") ? ` at ${given.get("P")}` : "";
  const more = [...given]
    .filter(([code]) => FIELD_NAMES[code] !== undefined)
    .map(([code, text]) => ` | ${FIELD_NAMES[code]}: ${text}`);
  return [
    severity === nonLocalized ? severity : `${severity}/${nonLocalized}`,
    ` ${given.get("C")}${position}: ${given.get("M")}`,
    ...more,
  ].join("");
}

/** Reads what a server has sent, without the code under test. */
class Body {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  rest(count = this.#bytes.length - this.#offset): Buffer {
    if (this.#offset + count > this.#bytes.length) throw new Error("a message is too short");
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  byte(): number {
    return this.rest(1).readUInt8();
  }

  int16(): number {
    return this.rest(2).readInt16BE();
  }

  uint16(): number {
    return this.rest(2).readUInt16BE();
  }

  int32(): number {
    return this.rest(4).readInt32BE();
  }

  uint32(): number {
    return this.rest(4).readUInt32BE();
  }

  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) throw new Error("a string in a message has no end");
    const text = this.rest(end - this.#offset).toString("utf8");
    this.byte();
    return text;
  }

  /** The line, if nothing of the message is left over. */
  atEnd(line: string): string {
    if (this.#offset !== this.#bytes.length) throw new Error(`${line}: bytes are left over`);
    return line;
  }
}
