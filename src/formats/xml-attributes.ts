import { decodeText, TEXT_ENCODED } from "./xml-text.ts";

/** A view of one tag's attributes, valid while `open` runs. Names include their prefix. */
export class XmlAttributes {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  readonly names: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly #fail: (reason: string) => Error;

  constructor(fail: (reason: string) => Error) {
    this.#fail = fail;
  }

  /** The index of the attribute of this name, or -1. */
  find(name: string): number {
    for (let index = 0; index < this.count; index++) {
      if (this.names[index] === name) return index;
    }
    return -1;
  }

  get(name: string): string | undefined {
    const index = this.find(name);
    if (index < 0) return undefined;
    const start = this.starts[index] ?? 0;
    return decodeText(this.bytes, start, this.ends[index] ?? 0, TEXT_ENCODED, this.#fail);
  }

  begin(bytes: Buffer): void {
    this.bytes = bytes;
    this.count = 0;
  }

  add(name: string, start: number, end: number): void {
    const index = this.count++;
    this.names[index] = name;
    this.starts[index] = start;
    this.ends[index] = end;
  }
}
