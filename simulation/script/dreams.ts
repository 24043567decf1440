/** The subject of a conversation: an image that all five know, and something in it that nobody can explain. */
export interface Dream {
  readonly image: string;
  readonly detail: string;
}

export const DREAMS: readonly Dream[] = [
  { image: 'the flooded house', detail: 'the water on the third stair' },
  { image: 'the locked room', detail: 'the light under the door' },
  { image: 'the letter we never sent', detail: 'the stamp gone yellow' },
  { image: 'the black dog at the gate', detail: 'the red thread round its neck' },
  { image: 'the empty theatre', detail: 'the one lamp left on the stage' },
  { image: 'the bridge at night', detail: 'the shoe on the railing' },
  { image: 'the burnt orchard', detail: 'the single tree in blossom' },
  { image: 'the stranger in the mirror', detail: 'the half-second before it smiled' },
  { image: 'the train we missed', detail: 'the coat left on the platform' },
  { image: 'the well in the garden', detail: 'the voice that answered first' },
  { image: 'the drowned piano', detail: 'the one key that still sounded' },
  { image: 'the unlit staircase', detail: 'the thirteenth step' },
];
