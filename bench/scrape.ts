/** One series without labels from the sidecar's metrics page. */
export async function metric(endpoint: string, name: string): Promise<number> {
  const response = await fetch(new URL('/metrics', endpoint));
  const text = await response.text();
  const value = new RegExp(`^mcp_anything_${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`the metrics have no ${name}`);
  return Number(value);
}
