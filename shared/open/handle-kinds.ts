import type { BegunEvent, OpenHandle } from './handles.ts';

/** A growing event in the hands of its owner. */
export interface GrowingHandle extends Omit<OpenHandle, 'update' | 'settle'> {}

/** A question in the hands of its asker. */
export interface QuestionHandle extends Pick<OpenHandle, Exclude<keyof BegunEvent, 'length'> | 'close'> {
  /** Withdraws the question. @throws EventsError ALREADY_SETTLED, NOT_OPEN, FORBIDDEN */
  settle(state: 'withdrawn', reason?: string): Promise<{ cursor: string }>;
}

/** A member in the hands of its owner: it leaves when the handle is closed. */
export interface PresenceHandle<Data = unknown>
  extends Pick<OpenHandle<Data>, Exclude<keyof BegunEvent, 'length'> | 'update' | 'close'> {}
