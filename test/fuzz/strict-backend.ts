/**
 * What a server may send, to the byte (PostgreSQL documentation 55.7), read without the code under
 * test. Whatever is not in it throws.
 */
export interface StrictMessage {
  readonly type: string;
  /** Fields of an error or notice, by their code; what ReadyForQuery or a challenge says, under its type. */
  readonly fields: ReadonlyMap<string, string>;
}

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

const BODIES: Readonly<Record<string, (body: Body) => ReadonlyMap<string, string> | undefined>> = {
  "1": () => undefined,
  "2": () => undefined,
  "3": () => undefined,
  n: () => undefined,
  s: () => undefined,
  I: () => undefined,
  c: () => undefined,
  R: authentication,
  S: (body) => texts(body, 2),
  K: (body) => {
    body.int32();
    const { length } = body.rest();
    if (length !== 4 && length !== 32) throw new Error(`a cancel key of ${length} bytes`);
    return undefined;
  },
  Z: (body) => {
    const status = body.take(1).toString("latin1");
    if (!"ITE".includes(status)) throw new Error(`transaction status ${status}`);
    return new Map([["Z", status]]);
  },
  C: (body) => texts(body, 1),
  A: (body) => {
    body.int32();
    return texts(body, 2);
  },
  E: errorFields,
  N: errorFields,
  T: (body) =>
    repeat(body, () => {
      body.text();
      // The format is what Bind has asked for, as in PostgreSQL even where there is none such.
      body.take(18);
    }),
  t: (body) => repeat(body, () => void body.int32()),
  D: (body) =>
    repeat(body, () => {
      const length = body.int32();
      if (length < -1) throw new Error(`a value of ${length} bytes`);
      if (length > 0) body.take(length);
    }),
  v: (body) => {
    oneOf([0, 1, 2], body.int32() & 0xffff);
    for (let left = body.int32(); left > 0; left -= 1) body.text();
    return undefined;
  },
  G: copyResponse,
  H: copyResponse,
  d: (body) => {
    body.rest();
    return undefined;
  },
};

/** Cuts whole messages off the front of `bytes`. */
export function readStrictly(bytes: Buffer): {
  readonly messages: readonly StrictMessage[];
  readonly rest: Buffer;
} {
  const messages: StrictMessage[] = [];
  let offset = 0;
  while (bytes.length - offset >= 5) {
    const type = bytes.toString("latin1", offset, offset + 1);
    const read = BODIES[type];
    if (read === undefined) throw new Error(`no message has the type ${JSON.stringify(type)}`);
    const length = bytes.readInt32BE(offset + 1);
    if (length < 4 || length > 2 ** 28) throw new Error(`message ${type} of ${length} bytes`);
    if (bytes.length - offset < length + 1) break;
    const body = new Body(bytes.subarray(offset + 5, offset + 1 + length));
    const fields = read(body) ?? NO_FIELDS;
    body.end(type);
    messages.push({ type, fields });
    offset += length + 1;
  }
  return { messages, rest: bytes.subarray(offset) };
}

function authentication(body: Body): ReadonlyMap<string, string> | undefined {
  const code = body.int32();
  oneOf([0, 10, 11, 12], code);
  if (code === 0) return undefined;
  if (code !== 10) return new Map([["R", body.rest().toString("latin1")]]);
  let name = body.text();
  while (name !== "") name = body.text();
  return undefined;
}

function errorFields(body: Body): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let code = body.take(1).toString("latin1"); code !== "\0"; ) {
    if (fields.has(code)) throw new Error(`field ${code} twice`);
    fields.set(code, body.text());
    code = body.take(1).toString("latin1");
  }
  for (const needed of "SVCM") {
    if (!fields.has(needed)) throw new Error(`an error without the field ${needed}`);
  }
  if (!/^[0-9A-Z]{5}$/.test(fields.get("C") ?? "")) throw new Error("an SQLSTATE that is none");
  return fields;
}

function copyResponse(body: Body): undefined {
  oneOf([0, 1], body.take(1).readUInt8());
  return repeat(body, () => oneOf([0, 1], body.int16()));
}

function texts(body: Body, count: number): undefined {
  for (let left = count; left > 0; left -= 1) body.text();
}

function repeat(body: Body, read: () => void): undefined {
  for (let left = body.int16() & 0xffff; left > 0; left -= 1) read();
}

function oneOf(allowed: readonly number[], value: number): void {
  if (!allowed.includes(value)) throw new Error(`${value} is none of ${allowed.join(", ")}`);
}

class Body {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(count: number): Buffer {
    if (this.#offset + count > this.#bytes.length) throw new Error("a message is too short");
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#offset);
  }

  int16(): number {
    return this.take(2).readInt16BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  text(): string {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) throw new Error("a string without an end");
    const text = this.take(end - this.#offset).toString("utf8");
    this.take(1);
    return text;
  }

  end(type: string): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) throw new Error(`${left} bytes too many in a message ${type}`);
  }
}
