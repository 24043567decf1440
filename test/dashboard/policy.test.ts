import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DashboardPage, launchPages, poll } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** Notes what the page's content security policy refused. */
function watchPolicy(): void {
  const refused: string[] = [];
  Object.assign(globalThis, { refused });
  addEventListener('securitypolicyviolation', ({ effectiveDirective, sample, blockedURI }) =>
    refused.push(`${effectiveDirective}: ${sample || blockedURI}`),
  );
}

const refusals = ({ page }: DashboardPage): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { refused: string[] }).refused);

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the policy allows nothing inline, and refuses nothing that the page does in the ${colorScheme} theme`, async () => {
    await using server = await startPageServer();
    await using publisher = publishTo(server.url);
    await using dashboard = await pages.open(server.url, { before: watchPolicy, colorScheme });
    const { page, feed } = dashboard;
    const policy = (await fetch(server.url)).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/unsafe|data:|\*/);

    for (let n = 0; n < 30; n++) {
      await publisher.publish(
        'agent_message',
        said(`Word ${n}`, { metadata: { to: 'persona', mode: 'normal' } }),
      );
    }
    await publisher.publish('simulation_state', state(0.7));
    await publisher.publish('network_update', network('emergency'));
    await publisher.publish('system_status', status(75));
    await page.locator('.page[data-mode="emergency"]').waitFor();
    await feed.getByText('Word 29').waitFor();
    await dashboard.panel('Mood').locator('canvas').first().waitFor();
    await dashboard.panel('System').getByText('CPU', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Previous message' }).click();
    await page.locator('.page[data-moment="replay"]').waitFor();
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('dialog').getByText('Back to live').waitFor();
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 375, height: 812 });
    await feed.locator('.message').first().waitFor();
    // A style set by script is no inline style: the bars have their length.
    const bar = dashboard.page.locator('.stagnation-fill').first();
    expect(await bar.getAttribute('style')).toContain('width');
    expect(await refusals(dashboard)).toEqual([]);
    expect(dashboard.complaints).toEqual([]);
  });
}

test('control: an inline style and an inline script are refused, and the test sees it', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url, { before: watchPolicy });
  const ran = await dashboard.page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<i style="color: red"></i><style>i { top: 0 }</style>');
    document.body.append(Object.assign(document.createElement('script'), { text: 'globalThis.ran = true' }));
    return 'ran' in globalThis;
  });
  expect(ran).toBe(false);
  const directives = async () => new Set((await refusals(dashboard)).map((text) => text.split(':')[0]));
  await poll(directives).toEqual(new Set(['style-src-attr', 'style-src-elem', 'script-src-elem']));
});
