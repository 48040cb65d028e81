// An answer's text: Markdown as elements.
import {blocksOf, type Block, type Inline} from '../base/markdown.ts';
import {CopyButton} from './copy.tsx';

function Inlines({of}: {of: Inline[]}) {
  return (
    <>
      {of.map(({kind, text}, i) => {
        if (kind === 'code') return <code key={i}>{text}</code>;
        if (kind === 'strong') return <strong key={i}>{text}</strong>;
        return kind === 'em' ? <em key={i}>{text}</em> : text;
      })}
    </>
  );
}

function One({block}: {block: Block}) {
  if (block.kind === 'code') {
    return (
      <figure class="code">
        <figcaption>
          <span>{block.language || 'text'}</span>
          <CopyButton text={block.text} label="Copy this code" />
        </figcaption>
        <pre tabIndex={0}><code>{block.text}</code></pre>
      </figure>
    );
  }
  if (block.kind === 'list') {
    const items = block.items.map((item, i) => <li key={i}><Inlines of={item} /></li>);
    return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
  }
  if (block.kind === 'heading') return <p class="text-heading"><Inlines of={block.inlines} /></p>;
  if (block.kind === 'quote') return <blockquote><Inlines of={block.inlines} /></blockquote>;
  return <p><Inlines of={block.inlines} /></p>;
}

export function Text({text}: {text: string}) {
  return (
    <div class="text">
      {blocksOf(text).map((block, i) => <One key={i} block={block} />)}
    </div>
  );
}
