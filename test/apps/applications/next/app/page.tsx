import { Dreams } from './dreams.tsx';

/** The address of the WebSocket server, which Next has none of, is known when the page is asked for. */
export const dynamic = 'force-dynamic';

export default function Page() {
  return <Dreams url={process.env['EVENTS_URL'] ?? ''} />;
}
