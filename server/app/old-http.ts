import type { FastifyInstance } from 'fastify';

/**
 * Answers of tRPC to clients and proxies that speak HTTP/1.0, which knows neither chunks nor a connection that is kept
 * after an answer without a length: it ends with the answer.
 */
export function answerOldHttp(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, _reply, payload) => {
    if (raw.httpVersion !== '1.0' || !(payload instanceof Response)) return;
    payload.headers.delete('transfer-encoding');
    payload.headers.set('connection', 'close');
  });
}
