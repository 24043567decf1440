import { defineEvents } from 'psyche-events';
import { chatEvents } from 'psyche-events/ai';

/** The events of chats; others of your own may stand beside them. */
export const catalog = defineEvents(chatEvents);
