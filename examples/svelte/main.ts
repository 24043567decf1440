/**
 * A Svelte page on the store: a rune of three lines, from-source.ts, is all that Svelte needs.
 *
 *   npx vite examples/svelte        this page, and a server for it: see vite.config.ts beside it
 */
import { mount } from 'svelte';
import App from './app.svelte';

mount(App, { target: document.getElementById('root') ?? document.body });
