const toUrl = (module: string): string => `data:text/javascript,${encodeURIComponent(module)}`;

/** Arguments of Node with which `hook`, the source of a module that exports `load` or `resolve`, sees each module that is loaded. */
export function hookedBy(hook: string): readonly string[] {
  const module = `import { register } from 'node:module'; register(${JSON.stringify(toUrl(hook))});`;
  return ['--import', toUrl(module)];
}
