/** Asks one question at a time, and of those that come meanwhile only the latest. */

export class Asker {
  #show;
  #fail;
  #next;
  #underWay; // AbortController, if there is a question under way.

  /**
   * @param {(answer: object) => void} show
   * @param {(error: Error) => void} fail
   */
  constructor(show, fail) {
    this.#show = show;
    this.#fail = fail;
  }

  /** @param {(signal: AbortSignal) => Promise<object>} question */
  async ask(question) {
    this.#next = question;
    if (this.#underWay) return;
    this.#underWay = new AbortController();
    const { signal } = this.#underWay;
    while (this.#next) {
      const current = this.#next;
      this.#next = undefined;
      await this.#answer(current, signal);
      if (signal.aborted) return; // Others may be under way by now.
    }
    this.#underWay = undefined;
  }

  /** Forget all questions: none of them is answered any more. */
  stop() {
    this.#next = undefined;
    this.#underWay?.abort();
    this.#underWay = undefined;
  }

  async #answer(question, signal) {
    try {
      const answer = await question(signal);
      if (!signal.aborted) this.#show(answer);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }
}
