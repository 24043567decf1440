/**
 * A Vue page on the store: a composable of some ten lines, use-source.ts, is all that Vue needs.
 *
 *   npx vite examples/vue        this page, and a server for it: see vite.config.ts beside it
 */
import { createApp } from 'vue';
import App from './app.vue';

createApp(App).mount('#root');
