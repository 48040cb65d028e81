// The models that can be asked, for whoever may ask, also where the console's data is not for them.
import {signal} from '@preact/signals';
import {get} from '../../client/api.ts';

export const models = signal<string[]>([]);

export async function loadModels() {
  try {
    const list = await get<{data: {id: string}[]}>('/v1/models');
    models.value = list.data.map((model) => model.id);
  } catch {
    models.value = [];  // the page's other parts say what is the matter
  }
}
