/** A path as a shell takes it: quoted where it has to be. @param platform as `process.platform` has it */
export function quoted(path: string, platform?: NodeJS.Platform): string;
