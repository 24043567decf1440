import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missingPackages, unpackDebianPackages } from '../debian-package.ts';
import { type CloseBrowser, openBrowser } from './open-browser.ts';

const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/webkit');
const ROOT = join(CACHE, 'root');
const XVFB = join(ROOT, 'usr/bin/Xvfb');

/**
 * WebKitGTK starts its processes by paths that it was built with. So it runs in a namespace of its own, in which the
 * unpacked packages lie over the machine's, on a screen that nobody sees.
 */
const START = `
set -e
for dir in usr/lib/$(uname -m)-linux-gnu usr/share usr/bin; do
  mount -t overlay overlay -o "lowerdir=$0/$dir:/$dir" "/$dir"
done
Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp 3>"$HOME/display" 2>"$HOME/xvfb.log" &
until [ -s "$HOME/display" ]; do sleep 0.1; done
export DISPLAY=":$(cat "$HOME/display")"
exec /usr/lib/$(uname -m)-linux-gnu/webkit2gtk-4.1/MiniBrowser "$1"
`;

/**
 * Opens an address in a WebKitGTK of its own: Debian's, unpacked below node_modules/.cache.
 * @throws Error where it cannot be fetched
 */
export async function openWebKit(url: string): Promise<CloseBrowser> {
  if (!existsSync(XVFB))
    unpackDebianPackages(CACHE, XVFB, (apt) => missingPackages(apt, 'webkit2gtk-driver', 'xvfb'));
  return openBrowser(() => ['unshare', '--map-root-user', '--mount', 'sh', '-c', START, ROOT, url], {
    GDK_BACKEND: 'x11',
    LIBGL_ALWAYS_SOFTWARE: '1',
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', // a sandbox within the namespace needs rights that it lacks
  });
}
