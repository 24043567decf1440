import { SentimentIntensityAnalyzer } from 'vader-sentiment';

/** The feeling of a text. */
export interface Sentiment {
  /** −1 (most negative) to 1 (most positive). */
  readonly score: number;
  readonly label: 'positive' | 'negative' | 'neutral';
}

/** Anything that can tell how a text feels. */
export interface SentimentAnalyzer {
  analyze(text: string): Sentiment;
}

/** The score from which VADER's authors call a text positive, and below whose negative, negative. */
const NEUTRAL_BELOW = 0.05;

/** The default analyzer: VADER, a lexicon with rules for negation, emphasis and "but". English; no network. */
export const vaderSentiment: SentimentAnalyzer = {
  analyze(text) {
    const { compound } = SentimentIntensityAnalyzer.polarity_scores(text);
    return { score: compound, label: labelOf(compound) };
  },
};

function labelOf(score: number): Sentiment['label'] {
  if (score >= NEUTRAL_BELOW) return 'positive';
  return score <= -NEUTRAL_BELOW ? 'negative' : 'neutral';
}
