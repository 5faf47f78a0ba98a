import type { SessionContext } from "./context.ts";
import { checkTransactionMode } from "./transaction-options.ts";

/** SET, SET LOCAL and set_config(): the value as it is kept comes back. */
export function setParameter(
  context: SessionContext,
  {
    name,
    value,
    local,
  }: { readonly name: string; readonly value: string | undefined; readonly local: boolean },
): string {
  checkTransactionMode(context, name, value);
  return context.parameters.set(name, value, local ? "local" : "session");
}
