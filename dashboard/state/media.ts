/** The media query of people who asked their system for less motion. */
export const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';
