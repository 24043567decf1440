import type { ReactNode } from 'react';

/** No icon, which a browser would ask for. */
export const metadata = { icons: { icon: 'data:,' } };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
