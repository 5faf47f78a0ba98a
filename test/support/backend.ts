/** Backend messages read back from bytes, without the code under test. */

export interface BackendMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Field {
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  readonly typeSize: number;
  readonly typeModifier: number;
  readonly format: number;
}

const NAMES: Readonly<Record<string, string>> = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  n: "NoData",
  s: "PortalSuspended",
  I: "EmptyQueryResponse",
  c: "CopyDone",
};

const ERROR_FIELDS: Readonly<Record<string, string>> = {
  S: "severity",
  C: "code",
  M: "message",
  D: "detail",
  H: "hint",
  P: "position",
  W: "context",
};

/** Cuts whole messages off the front of `bytes`. */
export function readMessages(bytes: Buffer): {
  readonly messages: BackendMessage[];
  readonly rest: Buffer;
} {
  const messages: BackendMessage[] = [];
  let offset = 0;
  while (bytes.length - offset >= 5) {
    const length = bytes.readInt32BE(offset + 1);
    if (length < 4) throw new Error(`no message: length ${length}`);
    if (bytes.length - offset < length + 1) break;
    const type = String.fromCharCode(bytes.readUInt8(offset));
    messages.push(readMessage(type, bytes.subarray(offset + 5, offset + 1 + length)));
    offset += length + 1;
  }
  return { messages, rest: bytes.subarray(offset) };
}

function readMessage(type: string, body: Buffer): BackendMessage {
  const simple = NAMES[type];
  if (simple !== undefined) {
    if (body.length !== 0) throw new Error(`${simple} has a body`);
    return { type: simple };
  }
  const cursor = new Cursor(body);
  switch (type) {
    case "R":
      return { type: "Authentication", code: cursor.int32(), data: cursor.rest() };
    case "S":
      return { type: "ParameterStatus", name: cursor.cstring(), value: cursor.cstring() };
    case "K":
      return { type: "BackendKeyData", processId: cursor.int32(), secretKey: cursor.rest() };
    case "Z":
      return { type: "ReadyForQuery", transactionStatus: cursor.rest().toString("latin1") };
    case "C":
      return { type: "CommandComplete", tag: cursor.cstring() };
    case "A":
      return {
        type: "NotificationResponse",
        processId: cursor.int32(),
        channel: cursor.cstring(),
        payload: cursor.cstring(),
      };
    case "E":
      return { type: "ErrorResponse", ...readErrorFields(cursor) };
    case "N":
      return { type: "NoticeResponse", ...readErrorFields(cursor) };
    case "T":
      return { type: "RowDescription", fields: readFields(cursor) };
    case "D":
      return dataRow(readRow(cursor));
    case "t":
      return {
        type: "ParameterDescription",
        oids: Array.from({ length: cursor.int16() }, () => cursor.int32()),
      };
    case "v":
      return {
        type: "NegotiateProtocolVersion",
        version: cursor.int32(),
        options: Array.from({ length: cursor.int32() }, () => cursor.cstring()),
      };
    case "H":
      return {
        type: "CopyOutResponse",
        format: cursor.byte(),
        columns: Array.from({ length: cursor.int16() }, () => cursor.int16()),
      };
    case "G":
      return {
        type: "CopyInResponse",
        format: cursor.byte(),
        columns: Array.from({ length: cursor.int16() }, () => cursor.int16()),
      };
    case "d":
      return { type: "CopyData", data: cursor.rest() };
    default:
      throw new Error(`no backend message has the type ${JSON.stringify(type)}`);
  }
}

function readErrorFields(cursor: Cursor): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (let code = cursor.byte(); code !== 0; code = cursor.byte()) {
    const name = ERROR_FIELDS[String.fromCharCode(code)];
    const value = cursor.cstring();
    if (name !== undefined) fields[name] = name === "position" ? Number(value) : value;
  }
  return fields;
}

function readFields(cursor: Cursor): Field[] {
  return Array.from({ length: cursor.int16() }, () => ({
    name: cursor.cstring(),
    tableOid: cursor.int32(),
    columnNumber: cursor.int16(),
    typeOid: cursor.int32(),
    typeSize: cursor.int16(),
    typeModifier: cursor.int32(),
    format: cursor.int16(),
  }));
}

function readRow(cursor: Cursor): (Buffer | null)[] {
  return Array.from({ length: cursor.int16() }, () => {
    const length = cursor.int32();
    return length < 0 ? null : cursor.take(length);
  });
}

/**
 * `values` is text; `rawValues`, one character for each byte, is for columns in another encoding or in
 * binary. It is not enumerable, so that comparisons of messages are about text.
 */
function dataRow(cells: readonly (Buffer | null)[]): BackendMessage {
  const row = { type: "DataRow", values: cells.map((cell) => cell?.toString("utf8") ?? null) };
  const rawValues = cells.map((cell) => cell?.toString("latin1") ?? null);
  return Object.defineProperty(row, "rawValues", { value: rawValues, enumerable: false });
}

class Cursor {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  take(count: number): Buffer {
    if (this.#offset + count > this.#body.length) throw new Error("message too short");
    this.#offset += count;
    return this.#body.subarray(this.#offset - count, this.#offset);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  int16(): number {
    return this.take(2).readInt16BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  cstring(): string {
    const end = this.#body.indexOf(0, this.#offset);
    const text = this.take(end - this.#offset).toString("utf8");
    this.take(1);
    return text;
  }

  rest(): Buffer {
    return this.take(this.#body.length - this.#offset);
  }
}
