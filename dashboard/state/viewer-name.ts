const KEY = 'psyche-viewer';

/** A name for a viewer whom nobody knows: the same for as long as its tab is open. */
export function viewerName(): string {
  const number = kept() ?? `${Math.floor(1000 + Math.random() * 9000)}`;
  try {
    sessionStorage.setItem(KEY, number);
  } catch {
    // A page that may keep nothing has another name each time.
  }
  return `viewer ${number}`;
}

function kept(): string | null {
  try {
    const number = sessionStorage.getItem(KEY);
    return number !== null && /^\d{4}$/.test(number) ? number : null;
  } catch {
    return null;
  }
}
