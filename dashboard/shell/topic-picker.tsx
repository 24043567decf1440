import { type FormEvent, type ReactNode, useId, useRef, useState } from 'react';
import { setUrlParams, useTopic } from '../state/url-state.ts';
import { useTopics } from '../state/use-topics.ts';
import { Dialog } from './dialog.tsx';

/** The topic that is shown, and the way to another. */
export function TopicPicker(): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const topic = useTopic() ?? 'default';
  const [text, setText] = useState('');
  const { names, error, ask } = useTopics();
  const hint = useId();
  const open = (): void => {
    setText('');
    ask('');
    dialog.current?.showModal();
  };
  const show = (name: string): void => {
    dialog.current?.close();
    setUrlParams({ topic: name === 'default' ? null : name, at: null });
  };
  const send = (event: FormEvent): void => {
    event.preventDefault();
    show(text.trim());
  };
  return (
    <>
      <button
        type="button"
        className="button small topic"
        aria-label={`topic ${topic}`}
        aria-haspopup="dialog"
        onClick={open}
      >
        <span className="topic-word">topic</span> <b>{topic}</b>
      </button>
      <Dialog ref={dialog} title="Topic">
        <form onSubmit={send}>
          <label className="field">
            <span>Name, or how it begins</span>
            <input
              value={text}
              maxLength={128}
              autoComplete="off"
              spellCheck={false}
              aria-describedby={hint}
              onChange={({ target }) => {
                setText(target.value);
                ask(target.value.trim());
              }}
            />
          </label>
          <p id={hint} className="quiet">
            {error ?? 'Topics that hold events, and that you may follow.'}
          </p>
          <ul className="topics">
            {names.map((name) => (
              <li key={name}>
                <button
                  type="button"
                  className="button quiet"
                  aria-current={name === topic}
                  onClick={() => show(name)}
                >
                  {name}
                </button>
              </li>
            ))}
          </ul>
          <div className="dialog-end">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary" disabled={text.trim() === ''}>
              Show
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
