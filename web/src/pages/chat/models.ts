// The models that can be asked, for whoever may ask, also where the console's data is not for them.
import {computed, effect, signal} from '@preact/signals';
import {get} from '../../client/api.ts';
import {models as live} from '../../client/live.ts';
import {settings} from './settings.ts';

export const models = signal<string[]>([]);

export async function loadModels() {
  try {
    const list = await get<{data: {id: string}[]}>('/v1/models');
    models.value = list.data.map((model) => model.id);
  } catch {
    models.value = [];  // the page's other parts say what is the matter
  }
}

// They come and go while one looks.
const liveIds = computed(() => live.value.map((model) => model.id).join('\n'));
effect(() => {
  if (liveIds.value) models.value = liveIds.value.split('\n');
});

// The one that the next message goes to, as the console's data has it; null: not known.
export const asked = computed(() => {
  const wanted = settings.value.model;
  return live.value.find((model) => (wanted ? model.id === wanted : model.default)) ?? null;
});
