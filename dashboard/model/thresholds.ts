/** Stagnation at which emergency mode begins, and below which it ends. */
export const EMERGENCY_ON = 0.6;
export const EMERGENCY_OFF = 0.48;

/** Processor and memory, percent: above which a system is in a warning, and in an error. */
export const LOAD_WARNING = 70;
export const LOAD_ERROR = 90;

/** Errors above which a system is in a warning. */
export const ERRORS_WARNING = 50;
