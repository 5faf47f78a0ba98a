import {
  type DuckDBType,
  type NamedType,
  SCALAR_TYPE_NAMES,
  type ScalarTypeName,
} from "./duckdb-type.ts";

const SCALARS: ReadonlyMap<string, ScalarTypeName> = new Map(
  SCALAR_TYPE_NAMES.map((name) => [name, name]),
);

/** Words, quoted words, numbers and single signs. */
const TOKEN = /\s*(?:("(?:[^"]|"")*")|('(?:[^']|'')*')|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|([()[\],]))/y;

/** A type as DuckDB prints it; undefined if it is none. The inverse of `duckdbTypeText`. */
export function parseDuckdbType(text: string): DuckDBType | undefined {
  const tokens = tokenize(text);
  if (tokens === undefined) return undefined;
  const cursor = new TypeCursor(tokens);
  try {
    const type = cursor.type();
    return cursor.atEnd ? type : undefined;
  } catch (error) {
    if (error instanceof NoType) return undefined;
    throw error;
  }
}

class NoType extends Error {}

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    tokens.push(match[0].trim());
  }
  return tokens;
}

class TypeCursor {
  readonly #tokens: readonly string[];
  #index = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#index === this.#tokens.length;
  }

  type(): DuckDBType {
    let type = this.#baseType();
    while (this.#accept("[")) {
      if (this.#accept("]")) {
        type = { id: "LIST", valueType: type };
      } else {
        type = { id: "ARRAY", valueType: type, length: this.#number() };
        this.#expect("]");
      }
    }
    return type;
  }

  #baseType(): DuckDBType {
    const word = this.#take();
    if (word === '"NULL"') return { id: "NULL" };
    switch (word.toUpperCase()) {
      case "DECIMAL": {
        this.#expect("(");
        const width = this.#number();
        this.#expect(",");
        const scale = this.#number();
        this.#expect(")");
        return { id: "DECIMAL", width, scale };
      }
      case "ENUM":
        return { id: "ENUM", values: this.#list(() => unquote(this.#take(), "'")) };
      case "STRUCT":
        return { id: "STRUCT", fields: this.#list(() => this.#named()) };
      case "UNION":
        return { id: "UNION", members: this.#list(() => this.#named()) };
      case "MAP": {
        const [keyType, valueType] = this.#list(() => this.type());
        if (keyType === undefined || valueType === undefined) throw new NoType();
        return { id: "MAP", keyType, valueType };
      }
      default:
        return { id: this.#scalar(word.toUpperCase()) };
    }
  }

  #scalar(first: string): ScalarTypeName {
    const zoned = `${first} WITH TIME ZONE`;
    if (SCALARS.has(zoned) && this.#accept("WITH")) {
      this.#expect("TIME");
      this.#expect("ZONE");
      return SCALARS.get(zoned) ?? "VARCHAR";
    }
    const name = SCALARS.get(first);
    if (name === undefined) throw new NoType();
    return name;
  }

  #named(): NamedType {
    return { name: unquote(this.#take(), '"'), type: this.type() };
  }

  #list<T>(item: () => T): T[] {
    this.#expect("(");
    const items = [item()];
    while (this.#accept(",")) items.push(item());
    this.#expect(")");
    return items;
  }

  #number(): number {
    const token = this.#take();
    if (!/^\d+$/.test(token)) throw new NoType();
    return Number(token);
  }

  #take(): string {
    const token = this.#tokens[this.#index];
    if (token === undefined) throw new NoType();
    this.#index += 1;
    return token;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#index]?.toUpperCase() !== token) return false;
    this.#index += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw new NoType();
  }
}

function unquote(token: string, quote: string): string {
  if (!token.startsWith(quote)) return token;
  return token.slice(1, -1).replaceAll(quote + quote, quote);
}
