/** `${NAME}` and `${NAME:-default}` in a YAML scalar; `$${` stands for the text `${` itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly fallback: string | undefined }
  /** A `${` that is not followed by a name and a `}`. */
  | { readonly kind: "malformed" };

const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

const WELL_FORMED = /\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}\n]*)?\}/g;
/** Unicode's private use area, in blocks as large as ASCII. */
const PRIVATE_USE = { from: 0xe000, to: 0xf900 };
const ASCII = 0x80;

/**
 * `{ password: ${NAME} }` is no YAML, since braces end a text inside braces. So references are
 * disguised, letter by letter, as private characters that the text does not use otherwise: YAML sees
 * one word, and everything stays at its place. `restore` gives the letters back.
 */
export function disguiseReferences(text: string): {
  readonly text: string;
  readonly restore: (text: string) => string;
} {
  const block = freeBlock(text);
  if (block === undefined || !text.includes("${")) return { text, restore: (same) => same };
  const disguised = text.replaceAll(WELL_FORMED, (reference) =>
    mapCodes(reference, (code) => (code < ASCII ? code + block : code)),
  );
  const restore = (some: string): string =>
    mapCodes(some, (code) => (code >= block && code < block + ASCII ? code - block : code));
  return { text: disguised, restore };
}

function freeBlock(text: string): number | undefined {
  const used = new Set<number>();
  for (const [character] of text.matchAll(/[\uE000-\uF8FF]/g)) {
    used.add(Math.floor(character.charCodeAt(0) / ASCII));
  }
  for (let block = PRIVATE_USE.from; block < PRIVATE_USE.to; block += ASCII) {
    if (!used.has(block / ASCII)) return block;
  }
  return undefined;
}

function mapCodes(text: string, map: (code: number) => number): string {
  let mapped = "";
  for (let index = 0; index < text.length; index++) {
    mapped += String.fromCharCode(map(text.charCodeAt(index)));
  }
  return mapped;
}

/** Undefined where the text holds no reference, which is nearly always. */
export function variableParts(text: string): Part[] | undefined {
  if (!text.includes("${")) return undefined;
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(REFERENCE)) {
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index) });
    from = match.index + match[0].length;
    const name = match[1];
    if (match[0] === "$${") parts.push({ kind: "text", text: "${" });
    else if (name === undefined) parts.push({ kind: "malformed" });
    else parts.push({ kind: "variable", name, fallback: match[2] });
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}
