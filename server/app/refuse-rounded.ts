import { type AnyTRPCRouter, getTRPCErrorShape } from '@trpc/server';
import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../shared/errors.ts';
import { roundedIn } from '../../shared/wire/exact-json.ts';
import { toTRPCError } from '../router/errors.ts';

/**
 * Refuses calls whose JSON has whole numbers that JavaScript would round: they would be stored as others, and whoever
 * published them would not be told. tRPC parses a body itself, so the text is looked at before.
 * @param maxCalls calls in one request: tRPC refuses more
 */
export function refuseRounded(app: FastifyInstance, router: AnyTRPCRouter, maxCalls: number): void {
  const { _config: config } = router._def;
  app.addHook('preHandler', async (request, reply) => {
    if (typeof request.body !== 'string') return;
    const [number] = roundedIn(request.body);
    if (number === undefined) return;
    const path = decodeURIComponent(request.url.split('?', 1)[0]?.split('/').at(-1) ?? '');
    const isBatch = new URLSearchParams(request.url.split('?', 2)[1]).has('batch');
    const calls = isBatch ? path.split(',') : [path];
    // A batch of too many calls is refused as a whole, without an answer to each.
    if (calls.length > maxCalls) return;
    const message = `The number ${number.slice(0, 40)} is beyond 2^53 and would be rounded: send it as text, or annotated as a bigint.`;
    const error = toTRPCError(
      new EventsError('INVALID_EVENT', message, { issues: [{ path: ['data'], message }] }),
    );
    const shape = getTRPCErrorShape({
      config,
      error,
      type: 'mutation',
      path,
      input: undefined,
      ctx: undefined,
    });
    const answer = { error: config.transformer.output.serialize(shape) };
    return reply.code(400).send(isBatch ? calls.map(() => answer) : answer);
  });
}
