/** The id of a call for whose answer nobody waits: those of tRPC's client begin at 1. */
export const NOBODYS_ID = 0;
