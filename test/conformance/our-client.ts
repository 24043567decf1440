/**
 * Our client under the harness: `psyche-events conformance --cmd 'tsx test/conformance/our-client.ts sse'`. A word names
 * the transport, or breaks it on purpose.
 */
import { ourSubject, toOptions } from './our-subject.ts';
import { serve } from './process.ts';

serve(ourSubject(toOptions(process.argv.slice(2))));
