import {useLoaded} from '../../client/loaded.ts';
import {CopyButton, download} from '../../controls/copy.tsx';
import {Icon} from '../../controls/icon.tsx';
import {ErrorNotice} from '../../controls/notice.tsx';
import {Panel} from '../../controls/panel.tsx';

const verify = 'tokenmill verify receipt.json --public-key mill.pub --model MODEL';

// The signed record, whole, and how anybody can check it. Of one that nobody is sure of, nothing is
// said where there is none.
export function Receipt({request, sure}: {request: string; sure: boolean}) {
  const path = `/v1/receipts/${encodeURIComponent(request)}`;
  const {data, error, reload} = useLoaded<object>(path);
  if (!sure && !data) return null;
  const text = data ? JSON.stringify(data, null, 2) : '';
  return (
    <Panel title="Receipt"
           note="Which weights, prompt and seed gave which tokens, signed by the server"
           actions={data && (
             <>
               <CopyButton text={text} label="Copy the receipt" />
               <button type="button"
                       onClick={() => download('receipt.json', 'application/json', `${text}\n`)}>
                 <Icon name="down" size={18} /> receipt.json
               </button>
             </>
           )}>
      {error && <ErrorNotice error={error} retry={reload} />}
      {data && (
        <>
          <pre class="receipt" tabIndex={0} aria-label="The receipt"><code>{text}</code></pre>
          <p class="note">Anybody who has the model file makes the answer again with</p>
          <p class="command">
            <code>{verify}</code> <CopyButton text={verify} label="Copy the command" />
          </p>
        </>
      )}
    </Panel>
  );
}
