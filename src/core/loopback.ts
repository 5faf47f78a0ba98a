/** Whether only this machine can reach what listens on `host`: a name or an address, not a URL. */
export function isLoopback(host: string): boolean {
  const address = host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/^::ffff:/, "");
  return address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}
