import type { Command } from 'commander';
import { type SourceOptions, withSource } from '../sources/with-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { examples, sourceOptions, topicOption, typesOption, withOptions } from './arguments.ts';

/** Events that are open now, and answers to questions. */
export function addOpenCommands(program: Command, around: Surroundings): void {
  withOptions(program.command('open'), [...sourceOptions(), topicOption(), typesOption()])
    .description('print the events of a topic that are open now; lines of JSON in a pipe')
    .addHelpText('after', examples('open --topic run-1', 'open --types approval | jq -r .open.id'))
    .action((options: SourceOptions & { topic: string; types?: string[] }) =>
      withSource(options, around, async (source) => {
        const { printOpen } = await import('../events/open.ts');
        await printOpen(source, options, around);
      }),
    );

  withOptions(program.command('answer'), [...sourceOptions(), topicOption()])
    .description('answer a question that is open; prints where the answer is stored')
    .argument('<type>', 'event type of the question')
    .argument('<id>', 'its id, as open prints it')
    .argument('<json>', 'the answer')
    .addHelpText('after', examples(`answer approval approval.5f1c --topic run-1 '{"allow":true}'`))
    .action((type: string, id: string, json: string, options: SourceOptions & { topic: string }) =>
      withSource(options, around, async (source) => {
        const { answerOne } = await import('../events/open.ts');
        await answerOne(source, { type, id, json, topic: options.topic }, around);
      }),
    );
}
