// Server-sent events from a stream of text, as the HTML standard has them: EventSource cannot send
// an Authorization header, so streams are read by fetch, and this reads what comes.
//
//   event  = *(field LF) LF        field = name [":" [" "] value]
//   a line that begins with ":" is a comment; an event without data is no event

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

export class EventParser {
  private pending = '';  // the beginning of a line whose end has not come yet
  private event = '';
  private data: string[] = [];
  private id = '';  // as the standard has it, of the last event that named one

  retryMs: number | null = null;

  // The events that `text` completes; pieces may be cut anywhere.
  push(text: string): ServerEvent[] {
    const lines = (this.pending + text).split('\n');
    this.pending = lines.pop() ?? '';
    const out: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event) out.push(event);
    }
    return out;
  }

  private line(line: string): ServerEvent | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.data.push(value);
    if (name === 'event') this.event = value;
    if (name === 'id') this.id = value;
    if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  private dispatch(): ServerEvent | null {
    const event = {event: this.event || 'message', data: this.data.join('\n'), id: this.id};
    const any = this.data.length > 0;
    this.event = '';
    this.data = [];
    return any ? event : null;
  }
}

// The events of an HTTP answer's body, until it ends or is aborted (which throws).
export async function* eventsOf(body: ReadableStream<Uint8Array>, parser = new EventParser()) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, {stream: true}));
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
