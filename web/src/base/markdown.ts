// The little of Markdown that models write, as a tree: paragraphs, headings, lists, code, emphasis.
// It is drawn as elements, never as HTML, so that no answer can put anything else into the page.

export type Inline =
  | {kind: 'text' | 'code' | 'strong' | 'em'; text: string};

export type Block =
  | {kind: 'paragraph' | 'heading' | 'quote'; inlines: Inline[]}
  | {kind: 'list'; ordered: boolean; start: number; items: Inline[][]}
  | {kind: 'code'; language: string; text: string};

const inlinePattern =
  /`([^`\n]+)`|\*\*(\S(?:[^*\n]*\S)?)\*\*|(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])/g;

export function inlinesOf(text: string): Inline[] {
  const out: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(inlinePattern)) {
    if (match.index > from) out.push({kind: 'text', text: text.slice(from, match.index)});
    const [all, code, strong, em] = match;
    if (code !== undefined) out.push({kind: 'code', text: code});
    else if (strong !== undefined) out.push({kind: 'strong', text: strong});
    else out.push({kind: 'em', text: em ?? ''});
    from = match.index + all.length;
  }
  if (from < text.length) out.push({kind: 'text', text: text.slice(from)});
  return out;
}

const item = /^\s*(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/;
const fence = /^\s*(`{3,}|~{3,})\s*([\w+#.-]*)/;

class Reader {
  private readonly lines: string[];
  private at = 0;
  readonly blocks: Block[] = [];

  constructor(text: string) {
    this.lines = text.split('\n');
  }

  read(): Block[] {
    while (this.at < this.lines.length) {
      const line = this.lines[this.at] ?? '';
      if (line.trim() === '') ++this.at;
      else if (fence.test(line)) this.code(line);
      else if (/^#{1,6}\s/.test(line)) this.one('heading', line.replace(/^#{1,6}\s+/, ''));
      else if (item.test(line)) this.list(line);
      else if (line.startsWith('>')) this.quote();
      else this.paragraph();
    }
    return this.blocks;
  }

  private one(kind: 'heading', text: string) {
    this.blocks.push({kind, inlines: inlinesOf(text)});
    ++this.at;
  }

  // Up to the closing fence; while an answer streams, up to its end so far.
  private code(opening: string) {
    const [, mark = '```', language = ''] = fence.exec(opening) ?? [];
    const body: string[] = [];
    for (++this.at; this.at < this.lines.length; ++this.at) {
      const line = this.lines[this.at] ?? '';
      if (line.trim().startsWith(mark)) break;
      body.push(line);
    }
    ++this.at;
    this.blocks.push({kind: 'code', language, text: body.join('\n')});
  }

  private list(first: string) {
    const [, , number] = item.exec(first) ?? [];
    const items: string[] = [];
    for (; this.at < this.lines.length; ++this.at) {
      const line = this.lines[this.at] ?? '';
      const found = item.exec(line);
      if (found) items.push(found[3] ?? '');
      else if (/^\s+\S/.test(line) && items.length) items.push(`${items.pop()} ${line.trim()}`);
      else break;
    }
    this.blocks.push({kind: 'list', ordered: number !== undefined, start: Number(number ?? 1),
                      items: items.map(inlinesOf)});
  }

  private gather(more: (line: string) => boolean): string[] {
    const out: string[] = [];
    for (; this.at < this.lines.length && more(this.lines[this.at] ?? ''); ++this.at)
      out.push(this.lines[this.at] ?? '');
    return out;
  }

  private quote() {
    const lines = this.gather((line) => line.startsWith('>'));
    const text = lines.map((line) => line.replace(/^>\s?/, ''));
    this.blocks.push({kind: 'quote', inlines: inlinesOf(text.join('\n'))});
  }

  private paragraph() {
    const plain = (line: string) =>
      line.trim() !== '' && !fence.test(line) && !item.test(line) && !/^#{1,6}\s/.test(line);
    const text = this.gather(plain);
    this.blocks.push({kind: 'paragraph', inlines: inlinesOf(text.join('\n'))});
  }
}

export const blocksOf = (text: string): Block[] => new Reader(text).read();
