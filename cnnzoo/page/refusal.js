/** An error whose message is shown as it is. */
export class Refusal extends Error {}
