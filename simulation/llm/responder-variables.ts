/** The variables that `responderFromEnv` reads. */
export const RESPONDER_VARIABLES: readonly string[] = ['LLM_BASE_URL', 'LLM_MODEL', 'LLM_API_KEY'];
