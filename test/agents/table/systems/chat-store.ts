import type { UIMessage } from 'ai';
import { Redis } from 'ioredis';
import type { Place } from './system.ts';

interface StoredChat {
  messages: UIMessage[];
  activeStreamId: string | null;
}

/** The application's own storage of chats, which the AI SDK's docs ask for: their `readChat` and `saveChat`. */
export interface ChatStore {
  readChat(id: string): Promise<StoredChat>;
  saveChat(chat: Partial<StoredChat> & { id: string }): Promise<void>;
  readonly redis: Redis;
  close(): void;
}

export function chatStore({ redisUrl, prefix }: Place): ChatStore {
  const redis = new Redis(redisUrl);
  const key = (id: string) => `${prefix}:chat:${id}`;
  const readChat = async (id: string): Promise<StoredChat> => {
    const { messages, activeStreamId } = await redis.hgetall(key(id));
    return { messages: JSON.parse(messages ?? '[]'), activeStreamId: activeStreamId || null };
  };
  return {
    redis,
    readChat,
    async saveChat({ id, messages, activeStreamId }) {
      await redis.hset(key(id), {
        ...(messages && { messages: JSON.stringify(messages) }),
        ...(activeStreamId !== undefined && { activeStreamId: activeStreamId ?? '' }),
      });
    },
    close: () => redis.disconnect(),
  };
}
