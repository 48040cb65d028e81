import {render} from 'preact';
import {App} from './app.tsx';
import {followRoute} from './base/route.ts';
import {applyTheme} from './base/theme.ts';
import {startLive} from './client/live.ts';

applyTheme();
followRoute();
startLive();
const root = document.getElementById('app');
if (root) render(<App />, root);
