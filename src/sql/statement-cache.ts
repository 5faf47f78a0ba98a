import { LIMITS } from "../core/limits.ts";
import type { Statement } from "./statement.ts";
import type { Translation } from "./translate.ts";

/** What was parsed, and what it was translated to, by text: drivers send the same texts again. */
export class StatementCache {
  readonly #capacityBytes: number;
  /** In the order of their last use. */
  readonly #statements = new Map<string, readonly Statement[]>();
  readonly #translations = new WeakMap<Statement, Map<string, Translation>>();
  #bytes = 0;

  constructor(capacityBytes: number = LIMITS.statementCacheBytes) {
    this.#capacityBytes = capacityBytes;
  }

  get size(): number {
    return this.#statements.size;
  }

  statements(sql: string, parse: () => readonly Statement[]): readonly Statement[] {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const parsed = parse();
    const bytes = weightOf(sql);
    // One huge IN list must not push out everybody else's statements.
    if (bytes <= this.#capacityBytes / 8) {
      this.#statements.set(sql, parsed);
      this.#bytes += bytes;
      this.#evict();
    }
    return parsed;
  }

  /** Translations live as long as their statement. */
  translation(statement: Statement, key: string, translate: () => Translation): Translation {
    let byKey = this.#translations.get(statement);
    if (byKey === undefined) this.#translations.set(statement, (byKey = new Map()));
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const translation = translate();
    if (byKey.size >= TRANSLATIONS_PER_STATEMENT) byKey.clear();
    byKey.set(key, translation);
    return translation;
  }

  #evict(): void {
    for (const sql of this.#statements.keys()) {
      if (this.#bytes <= this.#capacityBytes) return;
      this.#statements.delete(sql);
      this.#bytes -= weightOf(sql);
    }
  }
}

/** Parameter types and roles differ between clients that share a text, but not by much. */
const TRANSLATIONS_PER_STATEMENT = 16;

/** The text itself and its tree, whose objects were measured at about 60 bytes per character. */
function weightOf(sql: string): number {
  return 1024 + sql.length * 64;
}
