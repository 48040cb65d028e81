// The bill as a spreadsheet reads it. A cell that a spreadsheet would take for a formula is text.
import type {Bill} from '../../client/types.ts';

function cell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function billCsv(bill: Bill): string {
  const head = ['tenant', 'model', 'requests', 'prompt_tokens', 'cached_tokens', 'thinking_tokens',
                'answer_tokens', 'euros', 'joules'];
  const rows = bill.rows.map((row) => [
    row.tenant, row.model, row.requests, row.prompt_tokens, row.cached_tokens, row.thinking_tokens,
    row.answer_tokens, row.euros, row.joules,
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
