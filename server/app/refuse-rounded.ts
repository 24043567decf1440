import { type AnyTRPCRouter, getTRPCErrorShape } from '@trpc/server';
import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../shared/errors.ts';
import { roundedIn } from '../../shared/wire/exact-json.ts';
import { toTRPCError } from '../router/errors.ts';

/**
 * Refuses calls whose JSON has whole numbers that JavaScript would round: they would be stored as others, and whoever
 * published them would not be told. tRPC parses a body itself, so the text is looked at before.
 */
export function refuseRounded(app: FastifyInstance, router: AnyTRPCRouter): void {
  const { _config: config } = router._def;
  app.addHook('preHandler', async (request, reply) => {
    if (typeof request.body !== 'string') return;
    const [number] = roundedIn(request.body);
    if (number === undefined) return;
    const message = `The number ${number.slice(0, 40)} is beyond 2^53 and would be rounded: send it as text, or annotated as a bigint.`;
    const error = toTRPCError(
      new EventsError('INVALID_EVENT', message, { issues: [{ path: ['data'], message }] }),
    );
    const path = decodeURIComponent(request.url.split('?', 1)[0]?.split('/').at(-1) ?? '');
    const shape = getTRPCErrorShape({
      config,
      error,
      type: 'mutation',
      path,
      input: undefined,
      ctx: undefined,
    });
    const answer = { error: config.transformer.output.serialize(shape) };
    const isBatch = new URLSearchParams(request.url.split('?', 2)[1]).has('batch');
    return reply.code(400).send(isBatch ? path.split(',').map(() => answer) : answer);
  });
}
