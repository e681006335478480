/**
 * The client's half of the protocol (docs/protocol.md), free of sockets and of the page.
 *
 * It holds frames back until the answer to `follow` is in, applies a frame only if it is the next
 * of its room, drops what it has, and asks again where one is missing.
 */
export class Follower {
  /**
   * @param {{incident: string, generation: string, heads: Object<string, number>}} start
   * @param {{ask: Function, apply: Function, behind: Function, purge: Function, reload: Function}} page
   *   behind: called when something is missing; the page then calls `follow`, and again if that fails
   */
  constructor(start, page) {
    this.start = start;
    this.heads = { ...start.heads };
    this.page = page;
    this.held = [];
    this.asking = false;
    this.attempt = 0;
  }

  /** Begin a question: return what the page has. Until it is answered, whatever comes is held. */
  ask() {
    this.attempt += 1;
    this.asking = true;
    return { incident: this.start.incident, generation: this.start.generation, heads: this.heads };
  }

  /** Ask what was missed, and take the answer; resolves to what `take` returns. */
  async follow() {
    const question = this.ask();
    const attempt = this.attempt;
    let answer;
    try {
      answer = await this.page.ask(question);
    } catch {
      answer = { error: "no answer" };
    }
    return attempt === this.attempt ? this.take(answer) : "over"; // it may be an older question's
  }

  /**
   * Take the answer to the last question. Returns "current" once everything is applied, "failed"
   * when it must be asked again, "over" when another question or the page's reload takes its place.
   */
  take(answer) {
    if (answer.error) return "failed";
    if (answer.reload) {
      this.page.reload(answer.reload);
      return "over";
    }
    answer.frames.forEach((frame) => this.page.apply(frame));
    this.heads = { ...answer.heads };
    this.asking = false;
    const held = this.held;
    this.held = [];
    held.forEach((frame) => this.frame(frame));
    return this.asking ? "over" : "current"; // one of the held ones may have found a gap
  }

  /** Take one frame: the next of its room is applied, a known one dropped, a gap asked for. */
  frame(frame) {
    if (this.asking) {
      this.held.push(frame);
      return;
    }
    const head = this.heads[frame.room] ?? 0;
    if (frame.n <= head) return;
    if (frame.n > head + 1) {
      this.held.push(frame);
      this.miss();
      return;
    }
    this.heads[frame.room] = frame.n;
    this.page.apply(frame);
  }

  /** Compare the rooms' heads with ours, and ask for what is missing. */
  compare(heads) {
    if (this.asking) return;
    const behind = Object.entries(heads).some(([room, n]) => n > (this.heads[room] ?? 0));
    if (behind) this.miss();
  }

  /** Hold everything back until the page has asked what is missing. */
  miss() {
    this.asking = true;
    this.page.behind();
  }

  /** Forget a room that is no longer ours. */
  purge(room) {
    delete this.heads[room];
    this.held = this.held.filter((frame) => frame.room !== room);
    this.page.purge(room);
  }

  /** The connection is gone: nothing is certain until the next answer. */
  lose() {
    this.attempt += 1;
    this.asking = true;
    this.held = [];
  }
}
