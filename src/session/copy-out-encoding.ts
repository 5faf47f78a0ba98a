import { type CopyEncoding, charactersOf, untranslatable } from "../sql/copy-encodings.ts";

const COPY_DATA = 0x64;
const HEADER_BYTES = 5;

/** CopyData messages of UTF-8 in the encoding that COPY was asked for; undefined where it is that. */
export function copyDataEncoder(
  encoding: CopyEncoding,
): ((messages: Buffer) => Buffer) | undefined {
  if (encoding === "UTF8" || encoding === "SQL_ASCII") return undefined;
  const bytesByCharacter = new Map(
    charactersOf(encoding).map((character, byte) => [character, byte]),
  );
  const encodeBody = (body: Buffer): Buffer => {
    const encoded = Buffer.allocUnsafe(body.length);
    let length = 0;
    for (const character of body.toString()) {
      const byte = bytesByCharacter.get(character);
      if (byte === undefined) throw untranslatable(encoding, "UTF8", Buffer.from(character));
      encoded[length++] = byte;
    }
    return encoded.subarray(0, length);
  };
  return (messages) => {
    const encoded: Buffer[] = [];
    for (let at = 0; at < messages.length; ) {
      const end = at + 1 + messages.readUInt32BE(at + 1);
      // What stands between the data, such as a notice, is no text of the file's.
      if (messages[at] !== COPY_DATA) encoded.push(messages.subarray(at, end));
      else {
        const body = encodeBody(messages.subarray(at + HEADER_BYTES, end));
        const header = Buffer.allocUnsafe(HEADER_BYTES);
        header.writeUInt8(COPY_DATA, 0);
        header.writeUInt32BE(4 + body.length, 1);
        encoded.push(header, body);
      }
      at = end;
    }
    return Buffer.concat(encoded);
  };
}
