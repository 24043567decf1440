import { createClient } from '../../../client/index.ts';

// The page's title is what its client says of a server of another origin.
const url = new URLSearchParams(location.search).get('server') ?? '';
const { connection } = createClient({ url });
connection.subscribe(({ status, error }) => {
  document.title = error?.message ?? status;
});
