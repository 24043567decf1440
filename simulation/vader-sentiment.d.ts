/** The package has no types of its own. */
declare module 'vader-sentiment' {
  interface Scores {
    /** Shares of the text, 0 to 1. */
    readonly neg: number;
    readonly neu: number;
    readonly pos: number;
    /** All of it in one number, −1 to 1. */
    readonly compound: number;
  }
  export const SentimentIntensityAnalyzer: { polarity_scores(text: string): Scores };
}
