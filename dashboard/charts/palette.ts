/** Colours as the style sheets have them, for what is drawn on a canvas. */
export interface Palette {
  ink: string;
  quiet: string;
  line: string;
  accent: string;
  emergency: string;
  good: string;
  warning: string;
  agent(id: string): string;
}

/** Reads the colours of the present theme. Computed values have no variables in them any more. */
export function readPalette(element: Element): Palette {
  const probe = document.createElement('span');
  probe.hidden = true;
  element.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const agents = new Map<string, string>();
  for (const id of ['shadow', 'persona', 'anima_animus', 'self', 'ego']) agents.set(id, read(id));
  const palette = {
    ink: read('ink'),
    quiet: read('quiet'),
    line: read('line'),
    accent: read('accent'),
    emergency: read('emergency'),
    good: read('good'),
    warning: read('warning'),
  };
  probe.remove();
  return { ...palette, agent: (id) => agents.get(id) ?? palette.quiet };
}

/** A colour of the palette, partly transparent. */
export function faded(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${Math.round(alpha * 100)}%, transparent)`;
}
