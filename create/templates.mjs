/** The templates: their folders below `templates/`, and what is said of each. */
export const TEMPLATES = {
  node: {
    about: 'a server on Node, and a page with React and Vite',
    made: 'An application of Node, React and Vite',
  },
  next: {
    about: 'Next.js: a route handler with server-sent events, and a page',
    made: 'An application of Next.js',
  },
  hono: {
    about: 'Hono: HTTP, server-sent events and WebSocket on one port, and a page without a build',
    made: 'An application of Hono',
  },
  agent: {
    about: 'a chat whose replies grow token by token, with a stand-in for a model, and a page with React',
    made: 'A chat with an agent',
  },
};
