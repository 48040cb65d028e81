// What is asked besides the conversation, as the reader has set it, and the request that comes of
// it.
import {stored} from '../../base/stored.ts';

export interface Settings {
  model: string;  // '' = the server's default
  system: string;
  temperature: string;  // as typed; '' = the server's default
  topP: string;
  maxTokens: string;
  seed: string;
  thinking: string;  // reasoning_effort; '' = the template's default
  tools: string;     // JSON
  probabilities: boolean;
  receipt: boolean;
}

export const initialSettings: Settings = {
  model: '', system: '', temperature: '', topP: '', maxTokens: '', seed: '', thinking: '',
  tools: '', probabilities: false, receipt: false,
};

const isSettings = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null &&
  Object.entries(initialSettings).every(([name, like]) =>
    typeof (value as Record<string, unknown>)[name] === typeof like);

export const settings = stored<Settings>({
  name: 'chat.settings', keep: 'session', initial: initialSettings, valid: isSettings,
});

export const change = (part: Partial<Settings>) => {
  settings.value = {...settings.value, ...part};
};

interface Field {
  name: 'temperature' | 'topP' | 'maxTokens' | 'seed';
  member: string;
  label: string;
  least: number;
  most: number;
  whole: boolean;
  usual: string;
}

// Numbers that can be set, with their bounds; empty fields are not sent.
export const fields: Field[] = [
  {name: 'temperature', member: 'temperature', label: 'Temperature', least: 0, most: 2,
   whole: false, usual: '1'},
  {name: 'topP', member: 'top_p', label: 'Top p', least: 0, most: 1, whole: false, usual: '1'},
  {name: 'maxTokens', member: 'max_tokens', label: 'Most tokens', least: 1, most: 1e9, whole: true,
   usual: 'what fits'},
  {name: 'seed', member: 'seed', label: 'Seed', least: -9e15, most: 9e15, whole: true,
   usual: 'random'},
];

export function fieldProblem(field: Field, text: string): string {
  if (text.trim() === '') return '';
  const value = Number(text);
  if (!Number.isFinite(value)) return 'not a number';
  if (field.whole && !Number.isInteger(value)) return 'not a whole number';
  if (value < field.least) return `less than ${field.least}`;
  return value > field.most ? `more than ${field.most}` : '';
}

export function toolsProblem(text: string): string {
  if (text.trim() === '') return '';
  try {
    const tools = JSON.parse(text) as unknown;
    if (!Array.isArray(tools)) return 'This is no array: [ … ] is what is sent as "tools".';
    return '';
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}`;
  }
}

export const settingsProblem = (now: Settings): string => {
  const wrong = fields.find((field) => fieldProblem(field, now[field.name]));
  if (wrong) return `${wrong.label} is ${fieldProblem(wrong, now[wrong.name])}.`;
  return toolsProblem(now.tools) && 'The tools are not JSON yet.';
};

const alternatives = 8;  // told of each token

export function requestBody(now: Settings, messages: object[]): Record<string, unknown> {
  const body: Record<string, unknown> = {
    model: now.model || 'default',
    messages: now.system.trim() ? [{role: 'system', content: now.system}, ...messages] : messages,
    stream: true,
    stream_options: {include_usage: true},
  };
  for (const field of fields)
    if (now[field.name].trim() !== '') body[field.member] = Number(now[field.name]);
  if (now.thinking) body['reasoning_effort'] = now.thinking;
  if (now.probabilities) Object.assign(body, {logprobs: true, top_logprobs: alternatives});
  const tools = now.tools.trim() ? (JSON.parse(now.tools) as object[]) : [];
  if (tools.length) body['tools'] = tools;
  return body;
}

export const exampleTools = JSON.stringify([{
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city now',
    parameters: {
      type: 'object',
      properties: {city: {type: 'string'}, unit: {enum: ['celsius', 'fahrenheit']}},
      required: ['city'],
    },
  },
}], null, 2);
