import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/index.css';
import { App } from './App';
import { bindKeys, LIVE_KEYS, STATUS_KEYS } from './keys';
import { startLive } from './live';
import { bindAddress } from './page';
import { startAsking } from './program/feed';
import { StatusPage } from './program/StatusPage';
import { bindTheme } from './theme';

const app = document.getElementById('app') as HTMLElement;

bindAddress();
bindTheme();
if (location.pathname.endsWith('/status')) {
  document.title = 'headcount: status';
  bindKeys(STATUS_KEYS);
  startAsking();
  render(<StatusPage />, app);
} else {
  bindKeys(LIVE_KEYS);
  startLive();
  render(<App />, app);
}
