/** The samples of a text in Prometheus' format: `name{labels}` → value. */
export function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z_0-9]+(?:\{[^}]*\})?) (\S+)$/i.exec(line) ?? [];
    if (name !== undefined) samples.set(name, Number(value));
  }
  return samples;
}

export async function scrape(url: string | null): Promise<Map<string, number>> {
  const response = await fetch(url ?? '');
  return samplesOf(await response.text());
}
