// npm run mock -- [MODE [PORT]]   shows the built pages in front of the made-up server
import {resolve} from 'node:path';
import {startMock, type Mode} from './server.ts';

const [mode = 'busy', port = '8090'] = process.argv.slice(2);
const mock = await startMock({dist: resolve('dist'), mode: mode as Mode, port: Number(port)});
console.log(`${mock.url}/console/`);
