import { type Authenticate, Sessions } from '../../server/index.ts';

export function credentials(given: string) {
  return { token: given, connectionParams: null, headers: {}, remoteAddress: '' };
}

/** The error code with which a token is refused, or the subject it stands for. */
export async function outcome(authenticate: Authenticate, given: string): Promise<unknown> {
  try {
    return new Sessions().open(await authenticate(credentials(given))).subject.id;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
