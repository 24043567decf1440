import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

type Color = readonly [red: number, green: number, blue: number, alpha: number];

/** Runs in the page: its texts, each with the contrast that it has as it is drawn: opacities and filters of all around it count. */
function contrasts(): { text: string; contrast: number }[] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('There is no canvas.');
  /** A colour's red, green and blue, each times its alpha, and the alpha, all 0 to 1. */
  const channels = (color: string, filter = 'none'): Color => {
    context.clearRect(0, 0, 1, 1);
    context.filter = filter;
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = [...context.getImageData(0, 0, 1, 1).data].map(
      (channel) => channel / 255,
    );
    return [red * alpha, green * alpha, blue * alpha, alpha];
  };
  const times = ([red, green, blue, alpha]: Color, share: number): Color => [
    ...([red * share, green * share, blue * share, alpha * share] as const),
  ];
  const over = (upper: Color, lower: Color): Color => {
    const [red, green, blue, alpha] = times(lower, 1 - upper[3]);
    return [upper[0] + red, upper[1] + green, upper[2] + blue, upper[3] + alpha];
  };
  const luminance = ([red, green, blue]: Color): number => {
    const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const page = channels(getComputedStyle(document.body).backgroundColor);
  const contrastOf = (element: Element): number => {
    const around: CSSStyleDeclaration[] = [];
    for (let each: Element | null = element; each && each !== document.body; each = each.parentElement)
      around.push(getComputedStyle(each));
    const filter = around.map((style) => style.filter).find((each) => each !== 'none');
    const { color, fill } = getComputedStyle(element);
    let front = channels(element instanceof SVGElement ? fill : color, filter);
    let back: Color = [0, 0, 0, 0];
    // Outwards: what is drawn so far, on the background around it, is dimmed together with that.
    for (const { backgroundColor, opacity } of around) {
      const ground = channels(backgroundColor, filter);
      front = times(over(front, ground), Number(opacity));
      back = times(over(back, ground), Number(opacity));
    }
    const [one, other] = [luminance(over(front, page)), luminance(over(back, page))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const texts = document.createTreeWalker(
    document.querySelector('.panels') ?? document.body,
    NodeFilter.SHOW_TEXT,
  );
  const found: { text: string; contrast: number }[] = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.textContent?.trim();
    const element = node.parentElement;
    // What cannot be used may be faint; what is hidden is not seen, and an agent's sign has its name beside it.
    if (
      !text ||
      !element?.checkVisibility() ||
      element.closest(':disabled, :disabled + *, option, .hidden, [aria-hidden="true"]')
    )
      continue;
    found.push({ text: text.slice(0, 40), contrast: Math.round(100 * contrastOf(element)) / 100 });
  }
  return found;
}

/** Texts that are harder to read than WCAG has it. */
async function faint(page: Page): Promise<{ text: string; contrast: number }[]> {
  const found = await page.evaluate(contrasts);
  expect(found.length).toBeGreaterThan(30);
  return found.filter(({ contrast }) => contrast < 4.5);
}

test.each(['light', 'dark'] as const)(
  'each text keeps a contrast of 4.5:1 in the %s theme, while agents are selected and while the page is stale',
  async (colorScheme) => {
    await using server = await startPageServer();
    {
      await using publisher = publishTo(server.url);
      await publisher.publish('system_status', status(75));
      await publisher.publish('network_update', network('normal'));
      for (const agent_id of ['shadow', 'persona', 'anima_animus', 'self', 'ego', 'alice']) {
        await publisher.publish('agent_message', said('Words.', { agent_id, agent_type: agent_id }));
      }
      await publisher.publish('simulation_state', { ...state(0.1), stimulus: 'A bell rings.' });
    }
    await using dashboard = await pages.open(server.url, { colorScheme, reducedMotion: 'reduce' });
    const { page } = dashboard;
    await dashboard.feed.getByText('A bell rings.').waitFor();
    await page.getByText('Paths as a table').click();
    await page.getByText('System as a table').waitFor();
    expect(await faint(page)).toEqual([]);

    await page.locator('.node[data-agent="ego"]').click();
    await page.locator('.graph[data-selecting="true"]').waitFor();
    await poll(() => page.locator('.feed article').count()).toBe(1);
    expect(await faint(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.graph[data-selecting="false"]').waitFor();

    await server.close();
    await page.locator('.page[data-stale="true"]').waitFor();
    await poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0);
    expect(await faint(page)).toEqual([]);
  },
);
