import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Text in which `«` shows where a problem is expected: at the character after it. */
export function marked(text: string): {
  readonly text: string;
  readonly line: number;
  readonly column: number;
} {
  const offset = text.indexOf("«");
  const before = text.slice(0, offset).split("\n");
  return {
    text: text.replace("«", ""),
    line: before.length,
    column: (before.at(-1) ?? "").length + 1,
  };
}

/** A folder with these files, which goes with the test. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "bucketgres-"));

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
