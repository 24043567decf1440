/** Sections of the site: the titles that its menu gives to the documents of the project. */
export const SECTIONS: readonly {
  title: string;
  pages: readonly (readonly [title: string, file: string])[];
}[] = [
  {
    title: 'Begin',
    pages: [
      ['What it is', 'README.md'],
      ['Guide', 'docs/guide.md'],
      ['Examples', 'examples/README.md'],
      ['What others promise', 'docs/comparison.md'],
      ['All parts', 'docs/README.md'],
    ],
  },
  {
    title: 'Guide',
    pages: [
      ['The parts', 'docs/guide/parts.md'],
      ["The client's options", 'docs/guide/client-options.md'],
      ['Publishing', 'docs/guide/publishing.md'],
      ['Your own events', 'docs/guide/your-events.md'],
      ['In your application', 'docs/guide/your-application.md'],
      ['Who may do what', 'docs/guide/access.md'],
      ['The simulation', 'docs/guide/simulation.md'],
      ['Event schemas', 'docs/guide/schemas.md'],
      ['React, and the page', 'docs/guide/pages.md'],
      ['Replay', 'docs/guide/replay.md'],
      ['Filters', 'docs/guide/filtering.md'],
      ['Performance', 'docs/guide/performance.md'],
      ['Best practices', 'docs/guide/practice.md'],
      ['Troubleshooting', 'docs/guide/troubleshooting.md'],
      ['API reference', 'docs/guide/reference.md'],
    ],
  },
  {
    title: 'Come from',
    pages: [
      ['Before and after', 'docs/migrate/README.md'],
      ['tRPC, EventEmitter', 'docs/migrate/trpc.md'],
      ['Socket.IO', 'docs/migrate/socket-io.md'],
      ['The Python original', 'docs/migrate/python.md'],
    ],
  },
  {
    title: 'Open events',
    pages: [
      ['Kinds', 'docs/open-events.md'],
      ['What handlers get', 'docs/open-events/handlers.md'],
      ['A text that grows', 'docs/open-events/growing.md'],
      ['A question', 'docs/open-events/question.md'],
      ['Who is there', 'docs/open-events/presence.md'],
      ['What nobody keeps', 'docs/open-events/ephemeral.md'],
      ['In a page', 'docs/open-events/react.md'],
      ['From a shell', 'docs/open-events/shell.md'],
      ["tRPC's own client", 'docs/open-events/trpc.md'],
    ],
  },
  {
    title: 'Use',
    pages: [
      ['Agents', 'docs/agents.md'],
      ['A2A and MCP', 'docs/a2a-mcp.md'],
      ['Any framework', 'docs/store.md'],
      ['Changing an event', 'docs/changing.md'],
      ['Applications', 'docs/applications.md'],
      ['Plain HTTP', 'docs/http.md'],
      ['Clients in any language', 'docs/clients.md'],
    ],
  },
  {
    title: 'Run',
    pages: [
      ['Operations', 'docs/operations.md'],
      ['Access', 'docs/operations/access.md'],
      ['Erasing', 'docs/operations/erasing.md'],
      ['Limits', 'docs/operations/limits.md'],
      ['What a server tells', 'docs/operations/telemetry.md'],
      ['A log in a file', 'docs/operations/file.md'],
      ['Deploying', 'docs/operations/deploying.md'],
      ['Redis', 'docs/redis.md'],
      ['Proxies', 'docs/proxies.md'],
      ['Capacity', 'docs/capacity.md'],
      ['Faults', 'docs/faults.md'],
      ['Speed', 'bench/RESULTS.md'],
      ['Security', 'SECURITY.md'],
    ],
  },
  {
    title: 'Inside',
    pages: [
      ['Protocol', 'PROTOCOL.md'],
      ['Architecture', 'ARCHITECTURE.md'],
      ['Contributing', 'CONTRIBUTING.md'],
      ['Tests', 'test/README.md'],
      ['Changes', 'CHANGELOG.md'],
    ],
  },
];

/** Documents that are pages of the site. */
export const PAGES: readonly string[] = SECTIONS.flatMap(({ pages }) => pages.map(([, file]) => file));
