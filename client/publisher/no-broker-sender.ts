/**
 * Stands in for `broker-sender.ts` in a browser's bundle, as package.json's `browser` says: no broker runs there, and what
 * checks events for one, zod and the simulation's catalog, is most of what a publisher would weigh.
 */
export class BrokerSender {
  constructor() {
    throw new TypeError('createPublisher: a broker needs Node. In a browser pass the url of a server');
  }
}
