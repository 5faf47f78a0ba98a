import { decodeText, TEXT_CDATA } from "./xml-text.ts";

const SLOTS = 256;

/** A name of a tag or an attribute, as the document writes it and without its prefix. */
export interface XmlName {
  readonly bytes: Uint8Array;
  readonly qualified: string;
  readonly local: string;
}

/**
 * Names repeat by the million, so the last few hundred are kept: those of one letter by that
 * letter, the others in a slot by their hash.
 */
export class XmlNames {
  readonly #fail: (reason: string) => Error;
  readonly #letters: (XmlName | undefined)[] = Array.from({ length: SLOTS });
  readonly #slots: (XmlName | undefined)[] = Array.from({ length: SLOTS });

  constructor(fail: (reason: string) => Error) {
    this.#fail = fail;
  }

  /** `hash` is any number that is the same for the same name. */
  read(bytes: Buffer, start: number, end: number, hash: number): XmlName {
    if (end - start === 1) {
      const letter = bytes[start] ?? 0;
      return (this.#letters[letter] ??= this.#make(bytes, start, end));
    }
    const slot = hash & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && known.bytes.length === end - start) {
      let index = start;
      while (index < end && bytes[index] === known.bytes[index - start]) index++;
      if (index === end) return known;
    }
    return (this.#slots[slot] = this.#make(bytes, start, end));
  }

  #make(bytes: Buffer, start: number, end: number): XmlName {
    if (end === start) throw this.#fail("there is a tag without a name");
    const qualified = decodeText(bytes, start, end, TEXT_CDATA, this.#fail);
    return {
      bytes: Uint8Array.from(bytes.subarray(start, end)),
      qualified,
      local: qualified.slice(qualified.indexOf(":") + 1),
    };
  }
}
