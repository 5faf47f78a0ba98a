/** Frontend messages as bytes, written without the code under test. */

export function message(type: string, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) =>
      typeof part === "number" ? int32(part) : typeof part === "string" ? cstring(part) : part,
    ),
  );
  return Buffer.concat([Buffer.from(type, "latin1"), int32(body.length + 4), body]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

export const query = (sql: string): Buffer => message("Q", sql);
export const sync = (): Buffer => message("S");
export const flush = (): Buffer => message("H");
export const terminate = (): Buffer => message("X");

export function parse(sql: string, { name = "", oids = [] as readonly number[] } = {}): Buffer {
  return message("P", name, sql, int16(oids.length), ...oids.map(int32));
}

export interface BindOptions {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly (string | Buffer | null)[];
  readonly parameterFormats?: readonly number[];
  readonly resultFormats?: readonly number[];
}

export function bind(options: BindOptions = {}): Buffer {
  const {
    portal = "",
    statement = "",
    values = [],
    parameterFormats = [],
    resultFormats = [],
  } = options;
  const parameters = values.map((value) => {
    if (value === null) return int32(-1);
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return message(
    "B",
    portal,
    statement,
    int16(parameterFormats.length),
    ...parameterFormats.map(int16),
    int16(values.length),
    ...parameters,
    int16(resultFormats.length),
    ...resultFormats.map(int16),
  );
}

export function describe(target: "S" | "P", name = ""): Buffer {
  return message("D", Buffer.from(target), name);
}

export function execute(portal = "", maxRows = 0): Buffer {
  return message("E", portal, maxRows);
}

export function close(target: "S" | "P", name = ""): Buffer {
  return message("C", Buffer.from(target), name);
}

export const copyData = (data: string | Buffer): Buffer => message("d", Buffer.from(data));
export const copyDone = (): Buffer => message("c");
export const copyFail = (reason: string): Buffer => message("f", reason);

export function startup(
  parameters: Readonly<Record<string, string>>,
  version = 0x0003_0000,
): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [
    cstring(name),
    cstring(value),
  ]);
  return packet(Buffer.concat([int32(version), ...pairs, Buffer.from([0])]));
}

export function packet(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length + 4), body]);
}

export const sslRequest = (): Buffer => packet(int32(80877103));
export const gssEncRequest = (): Buffer => packet(int32(80877104));

export function cancelRequest(processId: number, secretKey: Buffer): Buffer {
  return packet(Buffer.concat([int32(80877102), int32(processId), secretKey]));
}
