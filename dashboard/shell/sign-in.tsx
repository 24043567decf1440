import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { hasToken, isToken, setToken } from '../state/token-cookie.ts';
import { Dialog } from './dialog.tsx';

interface SignInProps {
  /** True if the server asks for a token, or for another one. */
  isAsked: boolean;
}

/** Signs in with a token, or out again. The page begins anew: nothing stays of what somebody else could see. */
export function SignIn({ isAsked }: SignInProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setText] = useState('');
  const known = hasToken();
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setToken(token.trim());
    location.reload();
  };
  const signOut = (): void => {
    setToken(null);
    location.reload();
  };
  return (
    <>
      {isAsked && (
        <button
          type="button"
          className="button small"
          aria-haspopup="dialog"
          onClick={() => dialog.current?.showModal()}
        >
          Sign in…
        </button>
      )}
      {known && (
        <button type="button" className="button small quiet" onClick={signOut}>
          Sign out
        </button>
      )}
      <Dialog ref={dialog} title="Sign in">
        <form onSubmit={send}>
          <label className="field">
            <span>Token</span>
            <input
              type="password"
              autoComplete="off"
              spellCheck={false}
              value={token}
              onChange={({ target }) => setText(target.value)}
            />
          </label>
          <p className="quiet">
            An API key or a JWT. It is kept in a cookie of this server until the browser is closed.
          </p>
          <div className="dialog-end">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary" disabled={!isToken(token.trim())}>
              Sign in
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
