import { type Command, Option } from 'commander';
import { examples } from './arguments.ts';

/** Sends a subject away from all servers of a Redis. */
export function addRevokeCommand(program: Command): void {
  program
    .command('revoke')
    .argument('<subject>', 'the sub of its tokens, or the id of its API key')
    .addOption(
      new Option('--redis <url>', 'the Redis that the servers share').env('REDIS_URL').makeOptionMandatory(),
    )
    .description(
      'cut a subject off at once, on every server of a Redis, and refuse its tokens that were issued until now',
    )
    .addHelpText('after', examples('revoke alice --redis redis://127.0.0.1:6379'))
    .action(async (subject: string, { redis }: { redis: string }) => {
      const { revoke } = await import('./revoke.ts');
      await revoke(subject, redis);
    });
}
