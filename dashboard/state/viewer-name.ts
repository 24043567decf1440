const KEY = 'psyche-viewer';

let number: string | undefined;

/**
 * A name for a viewer whom nobody knows: the same for as long as its tab is open. It is stored while its page is away alone,
 * and whoever finds it takes it: a tab that is duplicated begins with a copy of what is stored, and is another viewer.
 */
export function viewerName(): string {
  if (number === undefined) {
    const own = taken() ?? `${Math.floor(1000 + Math.random() * 9000)}`;
    addEventListener('pagehide', () => keep(own));
    addEventListener('pageshow', taken); // a page that a browser kept for the way back
    number = own;
  }
  return `viewer ${number}`;
}

function keep(own: string): void {
  try {
    sessionStorage.setItem(KEY, own);
  } catch {
    // A page that may keep nothing has another name each time.
  }
}

function taken(): string | null {
  try {
    const found = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return found !== null && /^\d{4}$/.test(found) ? found : null;
  } catch {
    return null;
  }
}
