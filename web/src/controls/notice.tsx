import type {ComponentChildren} from 'preact';
import type {ApiError} from '../client/api.ts';
import {Icon, type IconName} from './icon.tsx';

export interface NoticeProps {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
  tone?: 'quiet' | 'bad';
}

// What stands where there is nothing to show: says why, and what to do.
export function Notice({icon, title, children, action, tone = 'quiet'}: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} size={28} />
      <div>
        <p class="notice-title">{title}</p>
        {children && <div class="notice-text">{children}</div>}
        {action && <div class="notice-action">{action}</div>}
      </div>
    </div>
  );
}

export function ErrorNotice({error, retry}: {error: ApiError; retry?: () => void}) {
  const title = error.offline ? 'No answer'
    : error.wantsKey ? 'A key is needed' : 'That did not work';
  return (
    <Notice icon={error.offline ? 'offline' : 'warning'} title={title} tone="bad"
            action={retry && <button type="button" onClick={retry}>Try again</button>}>
      <p>{error.message}</p>
    </Notice>
  );
}
