import { aiSdkRecipe } from './ai-sdk-recipe.ts';
import { ourAgUi } from './our-ag-ui.ts';
import { ourAiSdk } from './our-ai-sdk.ts';
import { stockAgUi } from './stock-ag-ui.ts';
import { stockAiSdk } from './stock-ai-sdk.ts';
import type { System } from './system.ts';

/** The columns of the table, by their names. */
export const SYSTEMS = {
  'AG-UI: `HttpAgent`': stockAgUi,
  'AG-UI: `ResumableAgent`': ourAgUi,
  'AI SDK: `DefaultChatTransport`': stockAiSdk,
  'AI SDK: with `resumable-stream`': aiSdkRecipe,
  'AI SDK: `EventsChatTransport`': ourAiSdk,
} satisfies Record<string, System>;

export type Column = keyof typeof SYSTEMS;
export const COLUMNS = Object.keys(SYSTEMS) as Column[];
